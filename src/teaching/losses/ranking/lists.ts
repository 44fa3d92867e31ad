/**
 * Distillation of a ranker by lists of candidates, and by the other documents of the batch.
 *
 * A list that the teacher has scored only in part carries a mask: what it did not score is left out of both softmaxes.
 */
import { fail } from "../../../errors.ts";
import { HIDDEN, matmul, oneHot, range, stopGradient, type Tensor } from "../../../tensor/index.ts";
import { klFromLogs } from "../vector.ts";

export interface ListOptions {
  /** τ of both softmaxes. Default 1. */
  readonly temperature?: number;
  /** bool `[B, L]`: the candidates that count; all where not given. */
  readonly mask?: Tensor;
}

/** KL(softmax(s_T/τ) ‖ softmax(s_S/τ)) over each query's candidates, mean over the queries; scores `[B, L]`. */
export function listwiseKl(student: Tensor, teacher: Tensor, { temperature = 1, mask }: ListOptions = {}): Tensor {
  const log = (scores: Tensor) =>
    (mask ? mask.where(scores.div(temperature), HIDDEN) : scores.div(temperature)).logSoftmax();
  return klFromLogs(stopGradient(log(teacher)), log(student)).mean();
}

/**
 * Scores of every query against every document of the batch, `[B, D]`: dot products of embeddings `[B, d]` and `[D, d]`.
 * @throws E_LOSS_SHAPE
 */
export function inBatchScores(queries: Tensor, documents: Tensor): Tensor {
  if (queries.rank !== 2 || documents.rank !== 2 || queries.dims[1] !== documents.dims[1]) {
    fail(
      "E_LOSS_SHAPE",
      `Queries are [${queries.dims}], documents [${documents.dims}].`,
      "Give one vector each, all of one width.",
    );
  }
  return matmul(queries, documents, { transB: true });
}

/**
 * Cross-entropy with in-batch negatives: query b's document is document b, all others are wrong; scores `[B, D]`, D >= B.
 */
export function inBatchCrossEntropy(scores: Tensor, temperature = 1): Tensor {
  const [queries = 1, documents = 1] = scores.dims;
  const right = oneHot(range(queries), documents, scores.dtype === "f64" ? "f64" : "f32");
  return scores.div(temperature).logSoftmax().mul(right).sum(-1).mean().neg();
}
