/**
 * rowsum(g∘p) of two large tensors of which one is a product: for g = A·Bᵀ it is rowsum(A∘(p·B)), as large as the narrow
 * factors (Dao et al. 2022, for attention). The derivative of softmax needs it, and where p is an attention map p·B was
 * already made on the way there: the emitter finds it again.
 */
import type { Tensor } from "../tensor.ts";
import { add, mul } from "./elementwise.ts";
import { MATMUL, type MatmulOptions, matmul } from "./matmul.ts";
import { sum } from "./reduce.ts";
import { partsOf } from "./sum-products.ts";

/** Sum of g∘p over the last axis, which is kept: [.., T, S] twice -> [.., T, 1]. */
export function rowDots(g: Tensor, p: Tensor): Tensor {
  const factors = narrow(g);
  if (!factors) return sum(mul(g, p), -1, true);
  return factors.map(([a, b]) => sum(mul(a, matmul(p, b)), -1, true)).reduce((x, y) => add(x, y));
}

/** The pairs whose products A·Bᵀ sum up to g, where together they have fewer columns than g. */
function narrow(g: Tensor): (readonly [Tensor, Tensor])[] | undefined {
  if (g.node.op !== MATMUL) return undefined;
  const { transA, transB, alpha } = g.node.attrs as Required<MatmulOptions>;
  const [a, b] = g.node.inputs as [Tensor, Tensor];
  if (transA || !transB || alpha !== 1 || a.rank !== g.rank || b.rank !== g.rank) return undefined;
  if (!(Number(a.size(-1)) < Number(g.size(-1)))) return undefined;
  const [left, right] = [partsOf(a, a.rank - 1), partsOf(b, b.rank - 1)];
  const matched = left.length === right.length && left.every((t, i) => t.size(-1) === right[i]!.size(-1));
  return matched ? left.map((t, i) => [t, right[i]!] as const) : [[a, b]];
}
