/**
 * Relations inside a transformer: how the vectors of a sequence look at each other, head by head.
 *
 * Queries, keys and values come as attention taps them, `[B, H, T, d]`. Scores are x·yᵀ/√d `[B, H, T, T]`; a relation is
 * their row-wise softmax. Masks are bool and broadcast to `[B, H, T, T]`: true = visible.
 */
import { fail } from "../../../errors.ts";
import { constant, HIDDEN, host, matmul, type Tensor } from "../../../tensor/index.ts";
import { klFromLogs } from "../vector.ts";

/** x·yᵀ/√d, `[B, H, T, d]` twice to `[B, H, T, T]`: attention before its softmax, where x are queries and y keys. */
export function relationScores(x: Tensor, y: Tensor): Tensor {
  return matmul(x, y, { transB: true, alpha: 1 / Math.sqrt(x.dims.at(-1)!) });
}

/** log softmax of the scores over the visible positions. */
export function logRelation(x: Tensor, y: Tensor, mask?: Tensor): Tensor {
  const scores = relationScores(x, y);
  return (mask ? mask.where(scores, HIDDEN) : scores).logSoftmax();
}

/** bool `[T, T]`: a position sees itself and earlier ones. */
export function causalMask(length: number): Tensor {
  const seen = Float32Array.from({ length: length ** 2 }, (_, i) => (i % length <= Math.floor(i / length) ? 1 : 0));
  return constant(host(seen, [length, length])).gt(0.5);
}

/**
 * KL(teacher ‖ student) of two relations `[B, H, T, T]`, mean over batch, heads and the T rows. `tokens` bool `[B, T]`
 * leaves out the rows of padding. @throws E_LOSS_HEADS
 */
export function relationKl(student: Tensor, teacher: Tensor, tokens?: Tensor): Tensor {
  if (`${student.dims}` !== `${teacher.dims}`) {
    fail(
      "E_LOSS_HEADS",
      `The student's relations are [${student.dims}], the teacher's [${teacher.dims}].`,
      "MiniLM needs as many heads on both sides and the same tokens; relationHeads (MiniLMv2) makes heads equal.",
    );
  }
  const rows = klFromLogs(teacher.stopGradient(), student); // [B, H, T]
  if (!tokens) return rows.mean();
  const weights = tokens.cast(rows.dtype).expandDims(1);
  const heads = rows.dims[1]!;
  return rows.mul(weights).sum().div(weights.sum().mul(heads).maximum(1));
}

/**
 * MiniLMv2's relation heads: all heads joined and cut anew into `heads`, `[B, H, T, d] -> [B, heads, T, H·d/heads]`.
 * @throws E_LOSS_HEADS
 */
export function relationHeads(x: Tensor, heads: number): Tensor {
  const [batch = 1, given = 1, length = 1, size = 1] = x.dims;
  if (!Number.isInteger(heads) || heads < 1 || (given * size) % heads !== 0) {
    fail(
      "E_LOSS_HEADS",
      `${given} heads of ${size} make vectors of ${given * size}, which ${heads} relation heads do not divide.`,
      "Choose a divisor of both models' widths.",
    );
  }
  const joined = x.transpose([0, 2, 1, 3]).reshape([batch, length, heads, (given * size) / heads]);
  return joined.transpose([0, 2, 1, 3]);
}
