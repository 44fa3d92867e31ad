/**
 * Gradient checkpointing (Chen et al. 2016): the backward pass recomputes a function from its inputs instead of
 * keeping its intermediate values.
 *
 * The recomputation equals the forward pass node by node, and the emitter and ONNX Runtime would both merge the two.
 * A barrier prevents it: a reshape whose shape is the known one plus zero times an element of the incoming gradient,
 * which costs nothing, cannot be evaluated early and holds the recomputation back until the gradient is there.
 */
import { fail } from "../errors.ts";
import { isFloat } from "./dtype.ts";
import { vjp } from "./grad.ts";
import { apply, INPUT, Node, type Op, placeholder, topological } from "./graph.ts";
import { fill } from "./ops/index.ts";
import { fixed } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

const BARRIER: Op = {
  name: "barrier",
  vjp: ([g]) => [g!, undefined],
  lower: (e, n, [x, after]) => {
    const shape = e.i64(fixed(n.outputs[0]!.shape));
    const flat = e.op("Reshape", [after!, e.i64([-1])]);
    const first = e.op("Cast", [e.op("Slice", [flat, e.i64([0]), e.i64([1])])], { to: "i64" });
    return e.op("Reshape", [x!, e.op("Add", [shape, e.op("Mul", [first, e.i64([0])])])]);
  },
};

type Recomputed = (...inputs: Tensor[]) => readonly Tensor[];

const CHECKPOINT: Op = {
  name: "checkpoint",
  vjp: (grads, n) => {
    const { fn, count } = n.attrs as unknown as { fn: Recomputed; count: number };
    const after = grads.find((g) => g !== undefined)!;
    const inputs = n.inputs.slice(count).map((x) => apply(BARRIER, [x, after], x.dtype, x.shape));
    const cotangents = grads.map((g, i) => g ?? fill(0, n.outputs[i]!.shape, n.outputs[i]!.dtype));
    const wanted = inputs.filter((x) => isFloat(x.dtype));
    const back = vjp(fn(...inputs), cotangents, wanted);
    return [...Array<undefined>(count).fill(undefined), ...inputs.map((x) => back[wanted.indexOf(x)])];
  },
  lower: (_e, n, names) => names.slice(0, n.outputs.length),
};

/**
 * fn(...inputs), differentiated by computing it a second time: memory for the inputs only, time for one more forward
 * pass. Everything that needs a gradient must be among the inputs. Errors: `E_CHECKPOINT` when fn reaches past them.
 */
export function checkpoint(fn: (...inputs: Tensor[]) => Tensor, inputs: readonly Tensor[]): Tensor;
export function checkpoint(
  fn: (...inputs: Tensor[]) => readonly Tensor[],
  inputs: readonly Tensor[],
): readonly Tensor[];
export function checkpoint(
  fn: (...inputs: Tensor[]) => Tensor | readonly Tensor[],
  inputs: readonly Tensor[],
): Tensor | readonly Tensor[] {
  const all: Recomputed = (...given) => [fn(...given)].flat() as Tensor[];
  refuseOutsiders(all, inputs);
  const result = fn(...inputs);
  const outputs = [result].flat() as Tensor[];
  const node = new Node(CHECKPOINT, [...outputs, ...inputs], { fn: all, count: outputs.length }, outputs);
  return Array.isArray(result) ? node.outputs : node.outputs[0]!;
}

/** A tensor that fn captures would silently get no gradient. */
function refuseOutsiders(fn: Recomputed, inputs: readonly Tensor[]): void {
  const holes = inputs.map((x) => placeholder("checkpoint", x.dtype, x.shape));
  const known = new Set(holes.map((t) => t.node));
  const passesNothing = (n: Node) => n.op !== INPUT && !n.op.vjp;
  for (const node of topological(fn(...holes), passesNothing)) {
    if (node.op === INPUT && !known.has(node) && isFloat(node.outputs[0]!.dtype)) {
      fail(
        "E_CHECKPOINT",
        `A checkpointed function uses ${node.outputs[0]} "${node.attrs.name}" from outside.`,
        "Pass it among the inputs, or through stopGradient.",
      );
    }
  }
}
