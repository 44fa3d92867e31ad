/**
 * Teacher-free distillation, Tf-KD_reg (Yuan et al., "Revisiting Knowledge Distillation via Label Smoothing
 * Regularization", CVPR 2020): a hand-made teacher that is right with probability a.
 *
 * p(y) = a, p(c) = (1-a)/(C-1) elsewhere; softened as in the reference, u = softmax(p/T) (T = 20 or 40: nearly uniform,
 * the true class slightly ahead). L = KL(u ‖ softmax(z_s)), mean over the batch, beside (1-α)·CE with α = 0.1. The
 * reference divides by C as well and multiplies by 50 to 100 again. The student's logits are not softened.
 */
import { fail } from "../../errors.ts";
import { oneHot } from "../../tensor/index.ts";
import type { Loss, Outputs } from "./loss.ts";
import { klFromLogs } from "./vector.ts";

export interface TeacherFreeOptions {
  /** a, at least 0.9 in the paper. */
  readonly correct?: number;
  readonly temperature?: number;
}

/** Reads student logits `[B, C]` and labels. @throws E_RANGE */
export function teacherFree({ correct = 0.99, temperature = 20 }: TeacherFreeOptions = {}): Loss<Outputs, unknown> {
  if (!(correct > 0 && correct <= 1)) fail("E_RANGE", `The hand-made teacher is right with ${correct}.`, "Use 0 to 1.");
  return ({ logits }, _targets, { labels }) => {
    const classes = logits.dims.at(-1)!;
    const other = (1 - correct) / (classes - 1);
    const right = oneHot(labels, classes, logits.dtype === "f64" ? "f64" : "f32");
    const handMade = right.mul(correct - other).add(other);
    const loss = klFromLogs(handMade.div(temperature).logSoftmax(), logits.logSoftmax()).mean();
    return { loss, parts: { tfkd: loss } };
  };
}
