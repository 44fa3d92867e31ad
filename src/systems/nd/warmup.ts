/**
 * The reference's warm-up of the loss that ND is added to: weight min(1, epoch/20) of 240 epochs, where epoch counts
 * from 0. So it stands still within an epoch and is 0 in the whole first one; ND and cross-entropy have none.
 */
import type { Loss } from "../../teaching/losses/loss.ts";

/** 20 of 240 epochs. */
const SHARE = 1 / 12;

/** `loss` with weight min(1, epoch / (epochs/12)). Without a `progress` in the batch the weight is full. */
export function epochWarmUp(epochs: number, loss: Loss): Loss {
  return (outputs, targets, batch) => {
    const result = loss(outputs, targets, batch);
    if (!batch.progress) return result;
    // progress·epochs is a whole number at the first step of an epoch, but not always after rounding to f32.
    const epoch = batch.progress.mul(epochs).add(1e-4).floor();
    const weight = epoch.div(epochs * SHARE).minimum(1);
    return { ...result, loss: result.loss.mul(weight.cast(result.loss.dtype)) };
  };
}
