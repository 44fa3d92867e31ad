/**
 * Distillation from a teacher of whom only the k likeliest tokens per place are known: what a store keeps, and what
 * endpoints tell. Left alone, the missing tail biases a divergence; it is treated in one of two honest ways.
 *
 * "rest": everything else is one further outcome, on both sides. The student learns how much probability the teacher
 * gives to all other tokens together, and is free in how it spreads it.
 * "renormalise": the kept probabilities are scaled to sum to 1, so the student is told that the tail is impossible
 * (Busbridge et al. 2025, eq. 55, who then mix in 30 % of plain training to undo that).
 */
import { fail } from "../../../errors.ts";
import { fill, gatherElements, HIDDEN, scatterElementsAdd, stopGradient, type Tensor } from "../../../tensor/index.ts";
import { type Loss, tapOf } from "../loss.ts";
import { klFromLogs } from "../vector.ts";
import { IGNORED, maskedMean } from "./tokens.ts";

export type Tail = "rest" | "renormalise";

/** Names of the teacher's knowledge: token ids i32 [B, T, k] and their log-probabilities f32 [B, T, k]. */
export const TOP_IDS = "top.ids";
export const TOP_LOGS = "top.logs";

/** Probabilities below this are rounding errors of sums in f32. */
const NOTHING = 1e-6;
/** log-probability that no rest falls below: a tail of which nothing is left must not cost infinitely much. */
const LEAST = Math.log(1e-12);

/** log of what the student gives to all tokens but the kept ones, [B, T]: from the logits, since 1 - Σ cancels. */
function studentRest(student: Tensor, ids: Tensor): Tensor {
  const hidden = fill(HIDDEN, ids.shape, student.dtype);
  const others = scatterElementsAdd(stopGradient(student.mul(0)), ids, hidden, -1).add(student);
  return others.logSumExp(-1).sub(student.logSumExp(-1)).maximum(LEAST);
}

/** p·(log p - log q) of the tail, [B, T]. */
function restTerm(student: Tensor, ids: Tensor, told: Tensor): Tensor {
  const p = told.exp().sum(-1).neg().add(1).maximum(0);
  return p.mul(p.maximum(NOTHING).log().sub(studentRest(student, ids)));
}

/**
 * KL(teacher ‖ student) over the kept tokens and the tail, nats per token [B, T]. student: logits [B, T, V];
 * ids i32 [B, T, k]; logs [B, T, k], log-probabilities. The teacher gets no gradient. @throws E_SHAPE
 */
export function topKDivergence(student: Tensor, ids: Tensor, logs: Tensor, tail: Tail = "rest"): Tensor {
  if (`${ids.dims}` !== `${logs.dims}` || `${ids.dims.slice(0, -1)}` !== `${student.dims.slice(0, -1)}`) {
    fail(
      "E_SHAPE",
      `The student gives logits [${student.dims}], the teacher ids [${ids.dims}] and log-probabilities [${logs.dims}].`,
      "Expected [B, T, V], and [B, T, k] twice.",
    );
  }
  const told = stopGradient(logs);
  const q = gatherElements(student.logSoftmax(), ids, -1);
  if (tail === "renormalise") return klFromLogs(told.sub(told.logSumExp(-1, true)), q);
  return klFromLogs(told, q).add(restTerm(student, ids, told));
}

/** {@link topKDivergence} as a loss over the tokens that count; the teacher's knowledge comes with the rows. */
export function topKKl({ tail = "rest" }: { readonly tail?: Tail } = {}): Loss {
  return (outputs, targets, { labels }) => {
    const [ids, logs] = [tapOf(targets, TOP_IDS, "teacher"), tapOf(targets, TOP_LOGS, "teacher")];
    const loss = maskedMean(topKDivergence(outputs.logits, ids, logs, tail), labels.ne(IGNORED));
    return { loss, parts: { tokens: loss } };
  };
}
