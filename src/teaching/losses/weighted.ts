/**
 * Sums of losses: weights live here and nowhere else, so that the log can show unweighted parts.
 *
 * A part is called by its loss ("kd") or, for losses of several parts, by both names ("dkd.tckd").
 */
import { fail } from "../../errors.ts";
import { foldKey, random, type Tensor } from "../../tensor/index.ts";
import type { Loss, LossBatch, LossResult } from "./loss.ts";

/** A loss and its factor. */
export type Weighted<O, T> = readonly [weight: number, loss: Loss<O, T>];

/**
 * L = Σ w·L_name. `weighted({ ce: [0.1, crossEntropy()], kd: [0.9, kd()] })`. A weight of 0 leaves its loss out
 * of the graph, which reproduces the lesson without it bit for bit. @throws E_LOSS_EMPTY
 */
export function weighted<O, T>(terms: Readonly<Record<string, Weighted<O, T>>>): Loss<O, T> {
  const used = Object.entries(terms).filter(([, [weight]]) => weight !== 0);
  if (used.length === 0) fail("E_LOSS_EMPTY", "A weighted loss got no term with a weight other than 0.");
  for (const [name, [weight]] of used) {
    if (!Number.isFinite(weight)) fail("E_LOSS_WEIGHT", `The weight of loss "${name}" is ${weight}.`, "Use a number.");
  }
  return (outputs, targets, batch): LossResult => {
    let total: Tensor | undefined;
    const parts: Record<string, Tensor> = {};
    for (const [name, [weight, loss]] of used) {
      const result = loss(outputs, targets, ownPart(name, batch));
      const term = result.loss.mul(weight);
      total = total ? total.add(term) : term;
      const inner = Object.entries(result.parts);
      for (const [part, value] of inner) parts[inner.length === 1 ? name : `${name}.${part}`] = value;
    }
    return { loss: total!, parts };
  };
}

/** Adapters and random draws of one loss: none shares them with another. */
function ownPart(name: string, batch: LossBatch): LossBatch {
  const { adapters, key } = batch;
  return {
    ...batch,
    ...(adapters && { adapters: adapters.at(name) }),
    ...(key && { key: foldKey(key, random.fold([0, 0], name)[0]) }),
  };
}

/**
 * Lets a loss grow linearly from 0 to its full weight over the first `share` of the lesson, as DKD and ReviewKD do
 * over 20 of 240 epochs. Without a `progress` in the batch the weight is full.
 */
export function warmUp<O, T>(share: number, loss: Loss<O, T>): Loss<O, T> {
  if (!(share > 0 && share <= 1)) fail("E_RANGE", `warmUp got the share ${share}.`, "Use a share above 0, up to 1.");
  return (outputs, targets, batch) => {
    const result = loss(outputs, targets, batch);
    if (!batch.progress) return result;
    return { ...result, loss: result.loss.mul(batch.progress.div(share).minimum(1).cast(result.loss.dtype)) };
  };
}
