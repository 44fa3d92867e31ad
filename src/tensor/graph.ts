/**
 * The graph under a symbolic tensor: a node applies an operation to tensors. Nodes are immutable and know only what
 * they depend on, so a graph is whatever is reachable from the tensors one holds; nothing is registered anywhere.
 */
import { fail } from "../errors.ts";
import type { DType } from "./dtype.ts";
import type { HostTensor } from "./host.ts";
import type { Shape } from "./shape.ts";
import { Tensor } from "./tensor.ts";

export type Attrs = Readonly<Record<string, unknown>>;

/** What an operation writes into an ONNX graph; values are named by strings. See compile/emitter.ts. */
export interface Emitter {
  /** True when only standard ONNX operators may be used (exports), false when ONNX Runtime's own are welcome. */
  readonly portable: boolean;
  /** Adds a node and returns its first output; equal nodes are shared (common-subexpression elimination). */
  op(type: string, inputs: readonly string[], attrs?: Attrs, options?: { domain?: string }): string;
  /** The same for nodes with several outputs. */
  ops(outputs: number, type: string, inputs: readonly string[], attrs?: Attrs, options?: { domain?: string }): string[];
  /** `name` is what readers of the file see; a number is added where it is taken. */
  constant(value: HostTensor, name?: string): string;
  /** A shape as an i64 vector; named sizes are read from the inputs when the program runs. */
  dims(shape: Shape): string;
  i64(values: readonly number[]): string;
  scalar(value: number, dtype: DType): string;
}

/** An emitter that also places values in ONNX Runtime's channel-blocked layout; see compile/blocked.ts. */
export interface BlockedEmitter extends Emitter {
  /** Channels per block: 8 or 16. */
  readonly block: number;
  /** True when the value exists in the blocked layout already. */
  isBlocked(t: Tensor): boolean;
  /** Name of the value in the blocked layout, converted where needed. */
  blocked(t: Tensor): string;
  /** Name of the value in row-major layout, converted where needed. */
  plain(t: Tensor): string;
}

/** An operation: how it is differentiated and how it is written as ONNX. */
export interface Op {
  readonly name: string;
  /**
   * Vector-Jacobian product: cotangents of the outputs (undefined = zero) to cotangents of the inputs (undefined = no
   * gradient). Absent: the operation is piecewise constant and passes no gradient. Built from differentiable
   * operations only, so that gradients can be differentiated again.
   */
  readonly vjp?: (grads: readonly (Tensor | undefined)[], node: Node) => readonly (Tensor | undefined)[];
  /** Names of the outputs, or tensors that compute the same from the node's inputs (a decomposition). */
  readonly lower: (e: Emitter, node: Node, inputs: readonly string[]) => string | readonly string[] | Tensor;
  /** Acts on every element alone, so that any memory layout will do. */
  readonly elementwise?: boolean;
  /**
   * Writes the operation on channel-blocked values, or decomposes it for them; undefined where that is not possible.
   * Tried first when the backend has the layout.
   */
  readonly blocked?: (e: BlockedEmitter, node: Node) => { readonly blocked: string } | Tensor | undefined;
}

let counter = 0;

export class Node {
  readonly id = counter++;
  readonly outputs: readonly Tensor[];
  constructor(
    readonly op: Op,
    readonly inputs: readonly Tensor[],
    readonly attrs: Attrs,
    outputs: readonly { dtype: DType; shape: Shape }[],
  ) {
    this.outputs = outputs.map((o, i) => new Tensor(this, i, o.dtype, o.shape));
  }
}

/** Applies an operation with one output. */
export function apply(op: Op, inputs: readonly Tensor[], dtype: DType, shape: Shape, attrs: Attrs = {}): Tensor {
  return new Node(op, inputs, attrs, [{ dtype, shape }]).outputs[0]!;
}

/** All nodes that the tensors depend on, inputs before users. `stop` prunes the walk. Iterative: graphs are deep. */
export function topological(roots: readonly Tensor[], stop: (node: Node) => boolean = () => false): Node[] {
  const order: Node[] = [];
  const seen = new Set<Node>();
  const stack: { node: Node; next: number }[] = [];
  for (const root of roots) {
    if (seen.has(root.node) || stop(root.node)) continue;
    seen.add(root.node);
    stack.push({ node: root.node, next: 0 });
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      const input = top.node.inputs[top.next++];
      if (input === undefined) {
        order.push(top.node);
        stack.pop();
      } else if (!seen.has(input.node) && !stop(input.node)) {
        seen.add(input.node);
        stack.push({ node: input.node, next: 0 });
      }
    }
  }
  return order;
}

const cannotLower = (kind: string) => (): never =>
  fail("E_TRACE", `A ${kind} of another trace was used in this program.`, "Pass it in as an argument instead.");

/** A hole that a program fills. */
export const INPUT: Op = { name: "input", lower: cannotLower("placeholder") };

export function placeholder(name: string, dtype: DType, shape: Shape): Tensor {
  return apply(INPUT, [], dtype, shape, { name });
}

/** Values known when tracing. They may be pre-packed by the runtime: frozen teachers live here. */
export const CONSTANT: Op = {
  name: "constant",
  lower: (e, node) => e.constant(node.attrs.value as HostTensor, node.attrs.name as string | undefined),
};

/** `name` becomes the initializer's name in an exported file: the path of a parameter. */
export function constant(value: HostTensor, name?: string): Tensor {
  return apply(CONSTANT, [], value.dtype, value.shape, name === undefined ? { value } : { value, name });
}

/** The scalar a constant tensor holds, if it is one. */
export function constantScalar(t: Tensor): number | undefined {
  if (t.node.op !== CONSTANT) return undefined;
  const { data } = t.node.attrs.value as HostTensor;
  return data.length === 1 ? Number(data[0]) : undefined;
}
