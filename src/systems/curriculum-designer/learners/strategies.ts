/**
 * What keeps a learner from forgetting: each strategy is an addition to the cross-entropy, or to the batch.
 *
 * - naive: nothing.
 * - ewc ("separate"; Kirkpatrick et al. 2017 as in Avalanche): + λ Σ_k Σ_i F^k_i (θ_i - θ^k_i)² over the earlier tasks k,
 *   without the ½ of the paper. F is the squared gradient of mini-batch means, averaged over mini-batches ("batch",
 *   Avalanche's), or the mean of per-example squares ("example", the empirical Fisher information).
 * - lwf (Li & Hoiem 2017 as in Avalanche): + α_k KL(p_old ‖ p_new) at temperature T over the classes of earlier tasks
 *   only, mean over the batch, no factor T². Published α: 0, 0.5, 1.333, 2.25, 3.2, that is k²/(k+1) for k = 0, 1, ...
 * - replay: a small memory of each earlier class, mixed one to one into every batch.
 */
import { grad, type Operand, oneHot, type Tensor } from "../../../tensor/index.ts";
import type { LaneState, Learner } from "./learner.ts";

export const STRATEGIES = ["naive", "ewc", "lwf", "replay"] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** Weight of the k-th task (from 0) in LwF. */
export const publishedAlpha = (k: number): number => (k * k) / (k + 1);

/** What a step reads besides the batch; as tensors inside, as values outside. */
export type Anchors = {
  /** [lanes, 1]: λ of each lane. */
  readonly weight: Tensor;
  /** [tasks - 1, lanes, params]; zeros for tasks to come. */
  readonly importance: Tensor;
  readonly params: Tensor;
};
export type Predecessor = {
  readonly params: Tensor;
  readonly buffers: Tensor;
  /** α of this task. */
  readonly alpha: Tensor;
  /** [lanes, 1, classes]: 1 for classes of earlier tasks. */
  readonly seen: Tensor;
};

/** Cross-entropy of each lane, mean over its batch: logits [lanes, batch, classes], labels i32 [lanes, batch] -> [lanes]. */
export function crossEntropies(logits: Tensor, labels: Tensor): Tensor {
  const [, batch, classes] = logits.dims;
  const picked = logits.logSoftmax().mul(oneHot(labels, classes!)).sum([1, 2]);
  return picked.mul(-1 / batch!);
}

/** λ Σ_k Σ_i F (θ - θ_k)² of each lane: [lanes]. */
export function elasticPenalty(params: Tensor, { weight, importance, params: anchors }: Anchors): Tensor {
  const [tasks, lanes, size] = importance.dims;
  const away = params.reshape([1, lanes!, size!]).sub(anchors);
  const sums = importance.mul(away.square()).reshape([tasks!, lanes!, size!]).sum(0);
  return sums.sum(1).mul(weight.reshape([lanes!]));
}

/** Unseen classes leave both softmaxes; finite, because infinity times zero is not zero. */
const NEVER = 1e9;

/** KL(old ‖ new) over the seen classes, mean over the batch, of each lane: [lanes]. */
export function distance(old: Tensor, logits: Tensor, seen: Tensor, temperature: Operand): Tensor {
  const hidden = seen.sub(1).mul(NEVER);
  const restricted = (z: Tensor) => z.div(temperature).add(hidden).logSoftmax();
  const [before, now] = [restricted(old.stopGradient()), restricted(logits)];
  return before
    .exp()
    .mul(before.sub(now))
    .sum([1, 2])
    .mul(1 / logits.dims[1]!);
}

export type Extras = { readonly ewc: Anchors } | { readonly lwf: Predecessor } | { readonly [name: string]: never };

/** Loss of all lanes (their sum: lanes share no parameters) and its gradient. */
export function lossAndGradient(
  learner: Learner,
  state: LaneState,
  x: Tensor,
  labels: Tensor,
  extras: Extras = {},
  { temperature = 1, key }: { readonly temperature?: number; readonly key?: Tensor } = {},
): { losses: Tensor; gradient: Tensor; buffers: Tensor } {
  const { logits, buffers } = learner.forward(state, x, key && { key });
  let losses = crossEntropies(logits, labels);
  if ("ewc" in extras) losses = losses.add(elasticPenalty(state.params, extras.ewc));
  if ("lwf" in extras) {
    const { lwf } = extras;
    const old = learner.forward({ params: lwf.params, buffers: lwf.buffers }, x).logits;
    losses = losses.add(distance(old, logits, lwf.seen, temperature).mul(lwf.alpha));
  }
  const [gradient] = grad(losses.sum(), [state.params]) as [Tensor];
  return { losses, gradient, buffers };
}
