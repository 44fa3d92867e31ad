/**
 * Reverse-mode differentiation: extends the graph of a scalar by the graph of its gradient. The gradient is made of
 * ordinary tensors, so it can be differentiated again, to any order.
 */
import { fail } from "../errors.ts";
import { isFloat } from "./dtype.ts";
import { type Node, topological } from "./graph.ts";
import { add, fill } from "./ops/index.ts";
import { sumOfProducts } from "./ops/sum-products.ts";
import { count, sameShape, show } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/**
 * Gradients of a one-element tensor with respect to each of `wrt`. A tensor that the loss does not depend on gets
 * explicit zeros. Errors: `E_GRAD_SCALAR` (not a scalar), `E_GRAD_DTYPE` (not a float), `E_GRAD_INDEPENDENT` (the
 * loss depends on none of them).
 */
export function grad(loss: Tensor, wrt: readonly Tensor[]): Tensor[] {
  if (count(loss.shape) !== 1) {
    fail(
      "E_GRAD_SCALAR",
      `grad needs one number to differentiate, got shape ${show(loss.shape)}.`,
      "Use .mean() or .sum().",
    );
  }
  return vjp([loss], [fill(1, loss.shape, loss.dtype)], wrt);
}

/** Vector-Jacobian product: pulls cotangents of `outputs` back to `wrt`. */
export function vjp(outputs: readonly Tensor[], cotangents: readonly Tensor[], wrt: readonly Tensor[]): Tensor[] {
  for (const t of [...outputs, ...wrt]) {
    if (!isFloat(t.dtype))
      fail("E_GRAD_DTYPE", `Cannot differentiate through ${t}.`, "Only f32 and f64 have gradients.");
  }
  const order = topological(outputs);
  const targets = new Set(wrt.map((t) => t.node));
  // Only nodes between wrt and the outputs matter.
  const active = new Set<Node>();
  for (const node of order) {
    if (targets.has(node) || (node.op.vjp && node.inputs.some((t) => active.has(t.node)))) active.add(node);
  }
  if (wrt.length > 0 && !outputs.some((t) => active.has(t.node))) {
    fail(
      "E_GRAD_INDEPENDENT",
      `${outputs[0]} does not depend on any of the ${wrt.length} tensors.`,
      "Is a stopGradient in between, or the wrong model?",
    );
  }
  const held = new Map<Node, (Tensor | undefined)[]>();
  const receive = (t: Tensor, g: Tensor) => {
    if (!sameShape(t.shape, g.shape) || t.dtype !== g.dtype) {
      fail("E_INTERNAL", `The gradient of ${t} came out as ${g.dtype}${show(g.shape)}.`, "Please report this.");
    }
    const slots = held.get(t.node) ?? new Array<Tensor | undefined>(t.node.outputs.length).fill(undefined);
    const before = slots[t.index];
    slots[t.index] = before ? (sumOfProducts(before, g) ?? add(before, g)) : g;
    held.set(t.node, slots);
  };
  outputs.forEach((t, i) => {
    if (active.has(t.node)) receive(t, cotangents[i]!);
  });
  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i]!;
    const slots = held.get(node);
    if (!slots || !active.has(node) || !node.op.vjp || !node.inputs.some((t) => active.has(t.node))) continue;
    node.op.vjp(slots, node).forEach((g, k) => {
      const input = node.inputs[k]!;
      if (g && active.has(input.node) && isFloat(input.dtype)) receive(input, g);
    });
  }
  return wrt.map((t) => held.get(t.node)?.[t.index] ?? fill(0, t.shape, t.dtype));
}
