/** One arm of a course: a language model that is trained once and kept, as arms of other lessons are. */
import path from "node:path";
import type { LessonEvent } from "../../teaching/events.ts";
import { keptArm, type Trained } from "../../teaching/lesson/arm.ts";
import { type TextLesson, teachText } from "../lesson/index.ts";

export type TrainedText = Omit<Trained, "buffers">;

/** Where the arm of a stage keeps its files. */
export const armFolder = (out: string, stage: string): string =>
  path.join(out, "arms", stage.replaceAll(/[^a-z0-9]+/gi, "-"));

/**
 * Trains the arm, or finds it trained. `config` is the fingerprint of everything that decides it.
 * @throws what `teachText` throws, E_CHECKPOINT_CORRUPT, E_CHECKPOINT_MISMATCH
 */
export const trainTextArm = (
  folder: string,
  config: string,
  lesson: Omit<TextLesson, "checkpoints">,
): AsyncGenerator<LessonEvent, TrainedText> =>
  keptArm(folder, config, lesson.stage, (checkpoints) => teachText({ ...lesson, checkpoints }));
