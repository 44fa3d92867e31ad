/**
 * Phase 1, feed-forward: a student alone regresses its chunk, L = mean over batch and chunk of (s(x) - z)². Nothing
 * here reads a label: the examples come without them.
 */
import type { ArrayDataset } from "../../data/dataset.ts";
import type { LessonEvent } from "../../teaching/events.ts";
import type { Loss } from "../../teaching/losses/loss.ts";
import type { Network } from "../../teaching/network.ts";
import { learn, type Recipe, type Trained } from "../kit/learn.ts";
import type { Bench } from "../system.ts";

export interface ChunkLesson {
  readonly stage: string;
  readonly network: Network;
  /** Inputs without labels. */
  readonly inputs: ArrayDataset;
  /** `[examples, width]`, in the order of the inputs. */
  readonly target: Float32Array;
  readonly width: number;
  readonly recipe: Recipe;
  readonly seed: number;
}

/** No label is -1: whoever reads one of these makes an error, not a leak. */
export function unlabelled(dataset: ArrayDataset): ArrayDataset {
  return { ...dataset, labels: new Int32Array(dataset.labels.length).fill(-1) };
}

/** Mean squared error between the outputs of both sides. */
export function meanSquaredError(): Loss {
  return ({ logits }, targets) => {
    const loss = logits.sub(targets.logits).square().mean();
    return { loss, parts: { mse: loss } };
  };
}

export function learnChunk(
  bench: Parameters<typeof learn>[0],
  { stage, network, inputs, target, width, recipe, seed }: ChunkLesson,
): AsyncGenerator<LessonEvent, Trained> {
  // What the teacher is heard saying is the chunk: it stands in the place of the logits. No exams: the accuracy of a
  // regression means nothing.
  const stored = new Map([["logits", { shape: [width], data: target }]]);
  return learn(bench, {
    stage,
    network,
    loss: meanSquaredError(),
    stored,
    data: unlabelled(inputs),
    recipe,
    seed,
    exams: 0,
  });
}

export type LessonBench = Pick<Bench<unknown>, "data" | "folder" | "checkpointSeconds" | "signal">;
