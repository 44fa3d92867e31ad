/**
 * The sum of two matrix products as one product: A·B + C·D = [A C]·[B; D]. Cotangents of a value that several products
 * use arrive that way (a shared attention map, a matrix used at every time step), and large results of small inner sizes
 * cost their memory traffic: one product writes the result once, where two and an addition pass over it five times.
 */
import type { Tensor } from "../tensor.ts";
import { MATMUL, type MatmulOptions, matmul } from "./matmul.ts";
import { CONCAT, concat } from "./shaping.ts";

/** a + b as one product, where both are products that fit together and joining their operands is the cheaper way. */
export function sumOfProducts(a: Tensor, b: Tensor): Tensor | undefined {
  if (a.node.op !== MATMUL || b.node.op !== MATMUL) return undefined;
  const { transA, transB, alpha } = a.node.attrs as Required<MatmulOptions>;
  const other = b.node.attrs as Required<MatmulOptions>;
  if (transA !== other.transA || transB !== other.transB || alpha !== other.alpha) return undefined;
  const joined = [join(a, b, 0, transA ? -2 : -1), join(a, b, 1, transB ? -1 : -2)];
  if (!joined[0] || !joined[1]) return undefined;
  // Numbers that are copied, against numbers of the result, of which an addition would move three times as many.
  if (numbers(joined[0]) + numbers(joined[1]) > numbers(a)) return undefined;
  return matmul(joined[0], joined[1], { transA, transB, alpha, raw: true });
}

/** Both products' operands of one side, along the axis that is summed over. */
function join(a: Tensor, b: Tensor, side: 0 | 1, axis: -1 | -2): Tensor | undefined {
  const [x, y] = [a.node.inputs[side]!, b.node.inputs[side]!];
  const at = x.rank + axis;
  // Operands that are repeated along leading axes would have to be written out.
  const whole = [x, y].every((t) => t.rank === a.rank && t.shape.every((d) => typeof d === "number"));
  const fits = whole && x.shape.every((d, i) => i === at || d === y.shape[i]);
  return fits ? concat([...partsOf(x, at), y], at) : undefined;
}

/** What a tensor was joined from along an axis: joining again must not copy again. */
export const partsOf = (t: Tensor, axis: number): readonly Tensor[] =>
  t.node.op === CONCAT && t.node.attrs.axis === axis ? t.node.inputs : [t];

const numbers = (t: Tensor): number => t.shape.reduce<number>((product, d) => product * (d as number), 1);
