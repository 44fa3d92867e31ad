/**
 * Cost of a graph, counted from its nodes: matrix products and convolutions, two operations per multiply-add, the
 * convention of published tables times two (those count multiply-adds). Element-wise work is left out, as usual.
 */
import { type Node, topological } from "../tensor/graph.ts";
import type { Tensor } from "../tensor/index.ts";
import { count } from "../tensor/shape.ts";

const outputSize = (n: Node) => count(n.outputs[0]!.shape);

/** Operations per node, by the name of its op. */
const COST: Readonly<Record<string, (n: Node) => number>> = {
  matmul: (n) => {
    const [rows, columns] = n.inputs[0]!.dims.slice(-2);
    return 2 * outputSize(n) * (n.attrs.transA ? rows! : columns!);
  },
  affine: (n) => 2 * outputSize(n) * n.inputs[1]!.dims[1]!,
  attention: (n) => 2 * (outputSize(n) + count(n.inputs[0]!.shape)) * n.inputs[1]!.dims.at(-2)!,
  // Weights are [out, in/groups, ...kernel]: each output element sums over one filter.
  conv: (n) => 2 * outputSize(n) * count(n.inputs[1]!.shape.slice(1)),
};

/** Operations needed to compute `roots`; every node counts once. */
export function flopsOf(roots: readonly Tensor[]): number {
  return topological(roots).reduce((total, n) => total + (COST[n.op.name]?.(n) ?? 0), 0);
}
