/**
 * Learning without forgetting (Li & Hoiem, ECCV 2016): on the new task's examples, the model still answers the old
 * questions as it did before.
 *
 * L = KL(softmax(z_old/T) ‖ softmax(z_new/T)), mean over the batch, z_old of the model as it was before the task (the
 * "teacher"), both softmaxes over the classes seen before. As in Avalanche, T = 2 and no factor T²; `square` adds it.
 * The weight α goes into `weighted`; a weight of 0 leaves the loss out bit for bit.
 */
import { fail } from "../../../errors.ts";
import { constant, gather, host, type Tensor } from "../../../tensor/index.ts";
import { type Loss, sameLogits } from "../loss.ts";
import { klFromLogs } from "../vector.ts";

export interface LwfOptions {
  /** Classes seen before; all where not given. */
  readonly classes?: readonly number[];
  readonly temperature?: number;
  /** Multiplies by T², so that the gradient keeps its size when T changes. Default false. */
  readonly square?: boolean;
}

/** Reads logits `[B, C]` of both models. @throws E_LOSS_CLASSES */
export function lwf({ classes, temperature = 2, square = false }: LwfOptions = {}): Loss {
  return (outputs, targets) => {
    const { classes: all } = sameLogits(outputs, targets);
    if (classes && (classes.length === 0 || classes.some((c) => !(Number.isInteger(c) && c >= 0 && c < all)))) {
      fail("E_LOSS_CLASSES", `LwF got the classes [${classes}] of ${all}.`, "Name one or more known classes.");
    }
    const seen = (z: Tensor) => (classes ? gather(z, constant(host(Int32Array.from(classes))), 1) : z);
    const log = (z: Tensor) => seen(z).div(temperature).logSoftmax();
    const kl = klFromLogs(log(targets.logits), log(outputs.logits)).mean();
    const loss = square ? kl.mul(temperature ** 2) : kl;
    return { loss, parts: { lwf: loss } };
  };
}
