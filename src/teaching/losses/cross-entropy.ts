/**
 * Cross-entropy with label smoothing: L = -mean_b Σ_c q log p_s, q = (1-ε)·onehot(y) + ε/C.
 *
 * The ε/C form (Szegedy et al. 2016, section 7): the true class gets 1-ε+ε/C. In nats.
 */
import { oneHot, type Tensor } from "../../tensor/index.ts";
import type { Loss, LossBatch, Outputs } from "./loss.ts";

export interface CrossEntropyOptions {
  /** ε, share of the label that is spread over all classes. */
  readonly smoothing?: number;
}

export function crossEntropy({ smoothing = 0 }: CrossEntropyOptions = {}): Loss<Outputs, unknown> {
  return ({ logits }, _targets, batch) => {
    const q = labelDistribution(logits, batch);
    const classes = logits.dims.at(-1)!;
    const target = smoothing === 0 ? q : q.mul(1 - smoothing).add(smoothing / classes);
    const loss = target.mul(logits.logSoftmax()).sum(-1).mean().neg();
    return { loss, parts: { crossEntropy: loss } };
  };
}

/** `[B, C]`: the labels as distributions, in the dtype of the logits. */
export function labelDistribution(logits: Tensor, batch: LossBatch): Tensor {
  const dtype = logits.dtype === "f64" ? "f64" : "f32";
  return batch.soft?.cast(dtype) ?? oneHot(batch.labels, logits.dims.at(-1)!, dtype);
}
