/**
 * The repair: stage 1 distils from the teacher, stage 2 goes on with plain text and without it (section 2.5). Both share
 * one learning-rate curve; the optimiser starts afresh in between, as only parameters pass.
 */
import type { TextLesson, TextRows } from "../../language/lesson/index.ts";
import { adamw, schedules } from "../../nn/index.ts";
import { tokenCrossEntropy } from "../../teaching/losses/language/index.ts";
import type { LessonLog } from "../../teaching/steps.ts";
import { type Key, random } from "../../tensor/index.ts";
import { type StepsEvent, teachText } from "./lesson.ts";
import { blockEnds, type StageOneWeights, stageOneLoss } from "./loss.ts";
import type { Trained } from "./surgery.ts";

export interface AdjustOptions {
  /** Steps of both stages together. */
  readonly steps: number;
  /** Share of them with the teacher; 0: plain training only. */
  readonly stageOne: number;
  readonly rate: number;
  readonly weights: StageOneWeights;
  /** Rows of a step, counted over both stages. */
  readonly rows: (step: number) => TextRows;
  readonly batchSize: number;
  readonly key: Key;
  /** Of the events. */
  readonly name: string;
  readonly signal?: AbortSignal;
}

export interface Adjusted {
  readonly params: Float32Array;
  readonly log: LessonLog;
  readonly seconds: number;
  readonly steps: readonly [stageOne: number, stageTwo: number];
}

const CLIP = 1;

/** AdamW as language models have it: (0.9, 0.95), decay 0.1, 2 % warm-up, cosine to a tenth. */
export function optimiserOf(rate: number, steps: number, done = 0) {
  const warm = Math.max(1, Math.round(0.02 * steps));
  const curve = schedules.warmup(warm, schedules.cosine(rate, Math.max(1, steps - warm), rate / 10));
  return adamw({ lr: (step: number) => curve(step + done), betas: [0.9, 0.95], weightDecay: 0.1 });
}

/** @throws E_DIVERGED, E_STOPPED */
export async function* adjust(
  student: Trained,
  teacher: Trained,
  { steps, stageOne, rate, weights, rows, batchSize, key, name, signal }: AdjustOptions,
): AsyncGenerator<StepsEvent, Adjusted> {
  const first = Math.round(stageOne * steps);
  const stages: Pick<TextLesson, "stage" | "steps" | "loss" | "teacher">[] = [
    {
      stage: `${name}: with the teacher`,
      steps: first,
      loss: stageOneLoss(blockEnds(student.decoder.config), weights),
      teacher,
    },
    { stage: `${name}: on text alone`, steps: steps - first, loss: tokenCrossEntropy() },
  ];
  let { params } = student;
  let [done, seconds] = [0, 0];
  const log: LessonLog = { loss: [], exams: [], window: [0, 0] };
  for (const stage of stages) {
    if (stage.steps === 0) continue;
    const from = done;
    const lesson: TextLesson = {
      ...stage,
      decoder: student.decoder,
      initial: params,
      batchSize,
      rows: (step) => rows(from + step),
      optimiser: optimiserOf(rate, steps, from),
      clip: CLIP,
      key: random.fold(key, stage.stage),
      ...(signal && { signal }),
    };
    const taught = yield* teachText(lesson);
    params = taught.params;
    seconds += taught.seconds;
    log.loss.push(...taught.log.loss.map(([x, y]): [number, number] => [x + from * batchSize, y]));
    done += stage.steps;
  }
  return { params, log, seconds, steps: [first, steps - first] };
}
