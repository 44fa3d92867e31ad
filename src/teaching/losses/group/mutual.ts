/**
 * Deep mutual learning (Zhang et al., CVPR 2018, equations 3-8): students that learn from each other.
 *
 * L_k = CE_k + 1/(K-1)·Σ_{j≠k} KL(p_j ‖ p_k), mean over the batch, p_j detached; both terms have weight 1, T = 1. The
 * paper updates the students in turn; here all K terms belong to one step. The label terms are `crossEntropy`'s.
 */
import { fail } from "../../../errors.ts";
import type { Tensor } from "../../../tensor/index.ts";
import { klFromLogs } from "../vector.ts";

export interface MutualOptions {
  /** With T ≠ 1 the terms carry a factor T². */
  readonly temperature?: number;
}

/**
 * What each student has to learn from the others, one scalar per student; logits `[B, C]` each. Student k's scalar
 * gives a gradient to student k alone, so the sum is the loss of all. @throws E_LOSS_GROUP with fewer than two students
 */
export function mutualLearning(logits: readonly Tensor[], { temperature = 1 }: MutualOptions = {}): Tensor[] {
  needStudents(logits, 2);
  const logs = logits.map((z) => z.div(temperature).logSoftmax());
  return logs.map((own, k) => {
    const others = logs.filter((_, j) => j !== k).map((other) => klFromLogs(other.stopGradient(), own).mean());
    return others.reduce((a, b) => a.add(b)).mul(temperature ** 2 / others.length);
  });
}

/** @throws E_LOSS_GROUP where there are too few, or their shapes differ */
export function needStudents(logits: readonly Tensor[], least: number): void {
  if (logits.length < least || logits.some((z) => `${z.dims}` !== `${logits[0]!.dims}`)) {
    fail(
      "E_LOSS_GROUP",
      `A group loss got ${logits.length} students with logits ${logits.map((z) => `[${z.dims}]`).join(" ") || "-"}.`,
      `Give the logits of at least ${least} students for the same examples and classes.`,
    );
  }
}
