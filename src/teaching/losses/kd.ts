/**
 * Hinton's knowledge distillation: L = T²·KL(softmax(z_t/T) ‖ softmax(z_s/T)), mean over the batch.
 *
 * The factor T² keeps the gradient's size when T changes (Hinton, Vinyals & Dean 2015, section 2). The label term
 * is a loss of its own: the usual total is 0.1·crossEntropy + 0.9·kd. Gradient: (T/B)·(softmax(z_s/T) - softmax(z_t/T)).
 */
import { type Loss, sameLogits } from "./loss.ts";
import { klFromLogs } from "./vector.ts";

export interface KdOptions {
  /** T; larger values weigh the teacher's opinion on improbable classes more. */
  readonly temperature?: number;
}

export function kd({ temperature = 4 }: KdOptions = {}): Loss {
  return (outputs, targets) => {
    sameLogits(outputs, targets);
    const teacher = targets.logits.div(temperature).logSoftmax();
    const student = outputs.logits.div(temperature).logSoftmax();
    const loss = klFromLogs(teacher, student)
      .mean()
      .mul(temperature ** 2);
    return { loss, parts: { kd: loss } };
  };
}
