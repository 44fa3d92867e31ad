/** Training inside a cell: one network, one loss, one recipe; resumable, with exams on the validation part. */
import { type ArrayDataset, countOf } from "../../data/dataset.ts";
import { sha256 } from "../../data/hash.ts";
import { prefetch } from "../../data/prefetch.ts";
import { networkExaminee } from "../../teaching/answer.ts";
import type { LessonEvent } from "../../teaching/events.ts";
import { examine } from "../../teaching/exams/index.ts";
import { type Trained, trainArm } from "../../teaching/lesson/arm.ts";
import { optimiserFor, type Recipe } from "../../teaching/lesson/recipe.ts";
import type { LessonPlan } from "../../teaching/plan.ts";
import { key } from "../../tensor/index.ts";
import type { Bench } from "../system.ts";

export type { Recipe, Trained };

export interface Lesson
  extends Pick<LessonPlan, "stage" | "network" | "loss">,
    Partial<Pick<LessonPlan, "initial" | "teacher" | "taps" | "stored" | "classMeans" | "clip" | "optimiser">> {
  readonly recipe: Recipe;
  /** Initial values, order of examples, augmentation: arms that share a seed share all of them. */
  readonly seed: number;
  /** The training part where not given. */
  readonly data?: ArrayDataset;
  /** Points of the validation curve; 0 for none. Default 10. */
  readonly exams?: number;
}

/** Largest global norm of a gradient: above what healthy steps show, so that it only catches accidents. */
const CLIP = 5;

export const stepsOf = ({ epochs, batchSize }: Recipe, data: ArrayDataset): number =>
  epochs * Math.max(1, Math.floor(countOf(data) / batchSize));

/** Trains, or goes on with the checkpoint in the cell's folder. @throws E_DIVERGED, E_STOPPED */
export async function* learn(
  {
    data: split,
    folder,
    checkpointSeconds,
    signal,
  }: Pick<Bench<unknown>, "data" | "folder" | "checkpointSeconds" | "signal">,
  { recipe: given, seed, data = split.train, exams = 10, ...lesson }: Lesson,
): AsyncGenerator<LessonEvent, Trained> {
  const recipe = { ...given, batchSize: Math.min(given.batchSize, countOf(data)) };
  const steps = stepsOf(recipe, data);
  const { model } = lesson.network;
  const examinee = networkExaminee(lesson.network);
  const plan: Omit<LessonPlan, "checkpoints"> = {
    optimiser: (extra) => optimiserFor(model, recipe, steps, extra),
    clip: CLIP,
    ...lesson,
    data,
    steps,
    batchSize: recipe.batchSize,
    augment: recipe.augment,
    key: key(seed),
    open: prefetch,
    ...(exams > 0 && {
      exam: {
        every: Math.max(1, Math.ceil(steps / exams)),
        run: async (state) => ({
          ...examine(await examinee.answer(state, split.validation), split.validation.labels).metrics,
        }),
      },
    }),
    ...(checkpointSeconds !== undefined && { checkpointSeconds }),
    ...(signal && { signal }),
  };
  try {
    const config = await sha256(JSON.stringify([lesson.stage, model.name, model.params.size, recipe, steps, seed]));
    return yield* trainArm(`${folder}/${lesson.stage.replaceAll(/[^a-z0-9.]+/gi, "-")}`, config, plan);
  } finally {
    await examinee.release();
  }
}
