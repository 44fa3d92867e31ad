/**
 * Step 2 of an iteration: intensive teaching, which updates the pivot teacher alone (equation 1 of the paper).
 *
 * x̃ = λ·x_t + (1-λ)·x_F, L_I = λ·H(y_t, P_PT(x̃)) + (1-λ)·H(y_F, P_PT(x̃)): mixup of the batch with what the students
 * handed back. Feedback alone over-fits and damages what was fine. λ = 1 is training on the batch, λ = 0 on the feedback.
 */
import { beta } from "../../data/mixup.ts";
import type { Optimiser, SymbolicScalars, TrainStepOptions } from "../../nn/index.ts";
import { normalised, unitInput } from "../../teaching/input.ts";
import { crossEntropy } from "../../teaching/losses/cross-entropy.ts";
import type { Outputs } from "../../teaching/losses/loss.ts";
import type { Network } from "../../teaching/network.ts";
import { gather, type Key, random, type Tensor } from "../../tensor/index.ts";
import { CLIP } from "./lecture.ts";

export const INTENSIVE = ["mixup", "feedback", "train", "off"] as const;
/** What the pivot learns from: the mixture, the feedback alone, the batch alone, nothing. */
export type Intensive = (typeof INTENSIVE)[number];

export interface IntensiveBatch {
  readonly [name: string]: Tensor;
  /** `[B, ...inputShape]`, as stored. */
  readonly x: Tensor;
  /** i32 `[B]`. */
  readonly y: Tensor;
  /** i32 `[B]`: positions in the batch of the feedback set. */
  readonly handed: Tensor;
  /** Scalar: the share of the batch in the mixture. */
  readonly lambda: Tensor;
}

/** λ of an iteration: Beta(α, α) for the mixture, a constant for its two ends. */
export function shareOfBatch(how: Exclude<Intensive, "off">, alpha: number, key: Key): number {
  return { mixup: () => beta(random.fold(key, "lambda"), alpha), feedback: () => 0, train: () => 1 }[how]();
}

const other = (lambda: Tensor): Tensor => lambda.neg().add(1);

/** x̃ in 0..1, one λ for the whole batch. */
export function mixture({ x, handed, lambda }: Pick<IntensiveBatch, "x" | "handed" | "lambda">): Tensor {
  return unitInput(x)
    .mul(lambda)
    .add(unitInput(gather(x, handed)).mul(other(lambda)));
}

/** λ·H(y, ·) + (1-λ)·H(y_F, ·). */
export function intensiveLoss(outputs: Outputs, y: Tensor, fed: Tensor, lambda: Tensor): Tensor {
  const against = (labels: Tensor) => crossEntropy()(outputs, undefined, { labels }).loss;
  return against(y)
    .mul(lambda)
    .add(against(fed).mul(other(lambda)));
}

/** The step to compile. */
export function intensiveStep(
  { model, normalise }: Network,
  optimiser: Optimiser,
): TrainStepOptions<IntensiveBatch, SymbolicScalars> {
  return {
    model,
    optimiser,
    clip: CLIP,
    input: (batch) => normalised(mixture(batch), normalise),
    loss: ({ output, taps, batch }) =>
      intensiveLoss({ logits: output, taps }, batch.y, gather(batch.y, batch.handed), batch.lambda),
  };
}
