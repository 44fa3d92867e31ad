/**
 * Phases 2 and 3. Phase 2: the students are frozen, so their answers are computed once, and the teacher's head learns
 * on top of them from labels. Phase 3: everything learns, at a tenth of the rate. Also the recipes of all students.
 */
import type { ArrayDataset, Split } from "../../data/dataset.ts";
import type { LessonEvent } from "../../teaching/events.ts";
import type { Answers } from "../../teaching/exams/index.ts";
import { crossEntropy } from "../../teaching/losses/cross-entropy.ts";
import { kd } from "../../teaching/losses/kd.ts";
import type { Loss } from "../../teaching/losses/loss.ts";
import { weighted } from "../../teaching/losses/weighted.ts";
import type { Network, NetworkState } from "../../teaching/network.ts";
import { learn, type Recipe, type Trained } from "../kit/learn.ts";
import type { Bench } from "../system.ts";
import { type Chunks, concatenated } from "./chunks.ts";
import { type HeadModelOptions, headModel } from "./class-model.ts";
import { flatHead, type Head } from "./head.ts";
import type { Options } from "./options.ts";
import { answersOfAll } from "./student.ts";
import { embeddedDataset } from "./transfer.ts";

const adamRecipe = (epochs: number, rate: number, batchSize = 128): Recipe => ({
  epochs,
  batchSize,
  optimiser: "adamw",
  rate,
  decay: 0,
  augment: [],
});

/** Phase 3's share of the rate of phase 1. */
const FINE = 0.1;
/** With few labels: small batches and enough passes for about 250 steps per phase with 200 labels. */
const FEW = { batchSize: 32, epochs: 40 };

export const recipes = {
  chunk: (o: Options) => adamRecipe(o.epochs, o.rate),
  head: (o: Options) => adamRecipe(o.headEpochs, o.rate / 2),
  fine: (o: Options) => adamRecipe(o.fineEpochs, o.rate * FINE),
  /** Baselines pass over the examples as often as a class does in its three phases together. */
  whole: (o: Options) => adamRecipe(o.epochs + o.headEpochs + o.fineEpochs, o.rate),
  fewHead: (o: Options) => adamRecipe(FEW.epochs, o.rate / 2, FEW.batchSize),
  fewFine: (o: Options) => adamRecipe(FEW.epochs, o.rate * FINE, FEW.batchSize),
  fewWhole: (o: Options) => adamRecipe(2 * FEW.epochs, o.rate, FEW.batchSize),
} as const;

/** Cross-entropy alone, or with the teacher's logits: the usual 0.1 and 0.9 at temperature 4. */
export const phase3Loss = ({ fineTune }: Pick<Options, "fineTune">): Loss =>
  fineTune === "ce" ? (crossEntropy() as Loss) : weighted({ ce: [0.1, crossEntropy() as Loss], kd: [0.9, kd()] });

/** Answers of a class `[rows, d]`, in the order of the chunks. */
export async function classAnswers(
  students: readonly Network[],
  states: readonly NetworkState[],
  data: ArrayDataset,
  chunks: Chunks,
): Promise<Float32Array> {
  const parts: Float32Array[] = [];
  // Equal students (all but the last, if the chunks are not equal) share a compiled program.
  for (const network of new Set(students)) {
    const own = states.filter((_, k) => students[k] === network);
    parts.push(...(await answersOfAll(network, own, data)));
  }
  return concatenated(parts, chunks);
}

/** A part of the data by the class's answers. */
export interface Answered {
  readonly data: ArrayDataset;
  readonly z: Float32Array;
}

/** Phase 2: the head on fixed answers, from `initial` (a copied head) or, for another task, from nothing. */
export async function* trainHead(
  bench: Bench<Options>,
  stage: string,
  { train, validation }: { readonly train: Answered; readonly validation: Answered },
  about: Omit<HeadModelOptions, "classes">,
  recipe: Recipe,
  seed: number,
  { initial, task = "same" }: { readonly initial?: Head; readonly task?: "same" | "other" } = {},
): AsyncGenerator<LessonEvent, Trained> {
  const embedded = embeddedDataset(train.z, train.data, task);
  const split: Split = {
    ...bench.data,
    train: embedded,
    validation: embeddedDataset(validation.z, validation.data, task),
    test: embedded,
  };
  const model = headModel({ ...about, classes: embedded.classes.length });
  const none = new Float32Array(0);
  return yield* learn(
    { ...bench, data: split },
    {
      stage,
      network: { model },
      loss: crossEntropy(),
      recipe,
      seed,
      exams: 3,
      // Another task starts from zeros: the first answer is "I do not know", whatever the scale of the embedding.
      initial: { params: initial ? flatHead(initial) : new Float32Array(model.params.size), buffers: none },
    },
  );
}

/** Phase 3: the whole class, from where phase 2 left it. `said`: the teacher's answers on the same examples. */
export async function* fineTune(
  bench: Bench<Options>,
  stage: string,
  network: Network,
  initial: NetworkState,
  data: ArrayDataset,
  said: Answers,
  recipe: Recipe,
  seed: number,
): AsyncGenerator<LessonEvent, Trained> {
  const stored = new Map([["logits", { shape: [said.classes], data: said.logits }]]);
  return yield* learn(bench, { stage, network, loss: phase3Loss(bench.options), initial, data, stored, recipe, seed });
}
