/**
 * A student's update, the only one there is: L = w_0·H(y, P_S) + Σ_j w_j·L_KD(P_S, P_j), L_KD = T²·KL(P_j ‖ P_S) at
 * temperature T, for any number of teachers j whose logits are fed.
 *
 * Private teaching is the pivot with (1-β, β); group teaching the pivot and the temporary teachers with (1-β, β, β, ...):
 * the terms are added and not divided by their number. Mutual learning is the peers. Teachers come as values, so no
 * gradient can reach them.
 */
import type { Optimiser, SymbolicScalars, TrainStepOptions } from "../../nn/index.ts";
import { normalised, unitInput } from "../../teaching/input.ts";
import { crossEntropy } from "../../teaching/losses/cross-entropy.ts";
import { kd } from "../../teaching/losses/kd.ts";
import { type LossBatch, type LossResult, type Outputs, teacherTargets } from "../../teaching/losses/loss.ts";
import type { Network } from "../../teaching/network.ts";
import type { Tensor } from "../../tensor/index.ts";

export interface LectureBatch {
  readonly [name: string]: Tensor;
  /** `[B, ...inputShape]`, as stored. */
  readonly x: Tensor;
  /** i32 `[B]`. */
  readonly y: Tensor;
  /** Logits of the teachers, `[teachers, B, C]`. */
  readonly said: Tensor;
  /** Of the labels and of each teacher, `[1 + teachers]`. */
  readonly weights: Tensor;
}

/** Largest global norm of a gradient, as in every other lesson (kit/learn.ts). */
export const CLIP = 5;

const NO_TAPS: ReadonlyMap<string, Tensor> = new Map();

/** The loss above. The sum runs from the labels to the last teacher. */
export function lectureLoss(
  outputs: Outputs,
  { said, weights }: Pick<LectureBatch, "said" | "weights">,
  batch: LossBatch,
  temperature: number,
): LossResult {
  const weight = (j: number) => weights.slice(0, j, j + 1).reshape([]);
  const labels = crossEntropy()(outputs, undefined, batch).loss;
  const compare = kd({ temperature });
  let loss = labels.mul(weight(0));
  const parts: Record<string, Tensor> = { labels };
  for (let j = 0; j < said.dims[0]!; j++) {
    const logits = said.slice(0, j, j + 1).reshape(outputs.logits.dims);
    const term = compare(outputs, teacherTargets({ logits, taps: NO_TAPS }), batch).loss;
    loss = loss.add(term.mul(weight(j + 1)));
    parts[`teacher${j}`] = term;
  }
  return { loss, parts };
}

/** The step to compile; one program serves every number of teachers. */
export function lectureStep(
  { model, normalise }: Network,
  optimiser: Optimiser,
  temperature: number,
): TrainStepOptions<LectureBatch, SymbolicScalars> {
  return {
    model,
    optimiser,
    clip: CLIP,
    input: ({ x }) => normalised(unitInput(x), normalise),
    loss: ({ output, taps, batch }) => {
      const { loss, parts } = lectureLoss({ logits: output, taps }, batch, { labels: batch.y }, temperature);
      return { loss, metrics: parts };
    },
  };
}
