/**
 * Decoupled knowledge distillation (Zhao et al., CVPR 2022, equations 5-7):
 * L = α·T²·KL(b_t‖b_s) + β·T²·KL(p̂_t‖p̂_s), mean over the batch, with b = [p_y, 1-p_y] and p̂ the softmax over the
 * classes other than y. T²·KL(p_t‖p_s) = TCKD + (1-p_t,y)·NCKD: Hinton's loss ties NCKD to the teacher's doubt.
 *
 * log(1-p_y) is taken as a difference of two log-sum-exps: exact where p_y rounds to 1. The reference hides the
 * target by subtracting 1000 from its logit, which fails for logits of that size; here the class is masked.
 */
import { logSumExp, oneHot, type Tensor } from "../../tensor/index.ts";
import { type Loss, sameLogits } from "./loss.ts";
import { klFromLogs } from "./vector.ts";

export interface DkdOptions {
  readonly temperature?: number;
  /** Weight of the target-class part. */
  readonly alpha?: number;
  /** Weight of the non-target part; 8 for ResNet32x4 -> 8x4, 2 for ResNet56 -> 20 in the reference. */
  readonly beta?: number;
}

/** Below any logit, far from the end of f32: exp of it is 0, differences of it are finite. */
const MASKED = -1e30;

export function dkd({ temperature = 4, alpha = 1, beta = 8 }: DkdOptions = {}): Loss {
  return (outputs, targets, batch) => {
    const { classes } = sameLogits(outputs, targets);
    const isTarget = oneHot(batch.labels, classes).gt(0.5);
    const student = decouple(outputs.logits.div(temperature), isTarget);
    const teacher = decouple(targets.logits.div(temperature), isTarget);
    const target = teacher.logTarget
      .exp()
      .mul(teacher.logTarget.sub(student.logTarget))
      .add(teacher.logRest.exp().mul(teacher.logRest.sub(student.logRest)));
    const tckd = target.mean().mul(temperature ** 2);
    const nckd = klFromLogs(teacher.others, student.others)
      .mean()
      .mul(temperature ** 2);
    return { loss: tckd.mul(alpha).add(nckd.mul(beta)), parts: { tckd, nckd } };
  };
}

/** log p_y `[B]`, log(1 - p_y) `[B]`, and log p̂ `[B, C]` (about -1e30 at the target on both sides). */
function decouple(z: Tensor, isTarget: Tensor): { logTarget: Tensor; logRest: Tensor; others: Tensor } {
  const rest = isTarget.where(MASKED, z);
  const all = logSumExp(z, -1);
  return {
    logTarget: isTarget.where(z, 0).sum(-1).sub(all),
    logRest: logSumExp(rest, -1).sub(all),
    others: rest.logSoftmax(),
  };
}
