/**
 * The mapping problem (appendix C.2 of the paper): a context of n symbols from {0, 1, 2} and a pointer to one of them. The
 * answer is the place pointed to when its symbol is 0, else the only other place with the same symbol. Teachers of many
 * widths, students of one: is the best teacher neither the smallest nor the largest?
 *
 * Hours of work at the paper's size, so a sweep does it only when asked (`--gap`).
 */
import {
  adam,
  initState,
  keyTensor,
  type Model,
  mlp,
  type SymbolicScalars,
  schedules,
  trainProgram,
} from "../../nn/index.ts";
import type { LessonEvent } from "../../teaching/events.ts";
import { crossEntropy } from "../../teaching/losses/cross-entropy.ts";
import { kd } from "../../teaching/losses/kd.ts";
import { teacherTargets } from "../../teaching/losses/loss.ts";
import { takeSteps } from "../../teaching/steps.ts";
import { constant, type HostTensor, host, type Key, program, random, type Tensor } from "../../tensor/index.ts";
import type { Bench, Outcome } from "../system.ts";

/** Places of a context. */
export const PLACES = 8;
const SYMBOLS = 3;
export const FEATURES = PLACES * (SYMBOLS + 1);
const BATCH = 512;
const RATE = 3e-4;
const EXAM_BATCHES = 8;

export const TEACHER_WIDTHS = [128, 181, 256, 362, 512] as const;
export const STUDENT_WIDTH = 256;
export const GAP_SEEDS = 4;

export interface MappingBatch {
  /** One-hot symbols, then the one-hot pointer, f32 [count, 32]. */
  readonly x: HostTensor;
  /** i32 [count]. */
  readonly labels: HostTensor;
}

/** Questions with exactly one right answer. */
export function mappingBatch(key: Key, count: number): MappingBatch {
  const draw = random.integers(key);
  const x = new Float32Array(count * FEATURES);
  const labels = new Int32Array(count);
  for (let row = 0; row < count; row++) {
    const pointer = draw(PLACES);
    const symbol = draw(SYMBOLS);
    // The other place with the same symbol; nowhere else may it stand.
    const match = (pointer + 1 + draw(PLACES - 1)) % PLACES;
    labels[row] = symbol === 0 ? pointer : match;
    for (let place = 0; place < PLACES; place++) {
      const other = (symbol + 1 + draw(SYMBOLS - 1)) % SYMBOLS;
      const here =
        place === pointer || (place === match && symbol !== 0) ? symbol : symbol === 0 ? draw(SYMBOLS) : other;
      x[row * FEATURES + place * SYMBOLS + here] = 1;
    }
    x[row * FEATURES + PLACES * SYMBOLS + pointer] = 1;
  }
  return { x: host(x, [count, FEATURES]), labels: host(labels, [count]) };
}

const network = (width: number): Model =>
  mlp({ name: `mlp ${width}`, inputShape: [FEATURES], classes: PLACES, hidden: [width, width] });

/** max(500 batches, 20 samples per parameter), in batches. */
export const stepsFor = (model: Model): number => Math.max(500, Math.ceil((20 * model.params.size) / BATCH));

interface Lesson {
  readonly stage: string;
  readonly model: Model;
  readonly key: Key;
  readonly steps: number;
  readonly teacher?: { readonly model: Model; readonly params: Float32Array };
}

type Rows = { readonly x: Tensor; readonly labels: Tensor };

async function* learn({ stage, model, key, steps, teacher }: Lesson): AsyncGenerator<LessonEvent, Float32Array> {
  const warm = Math.max(1, Math.round(0.05 * steps));
  const optimiser = adam({ lr: schedules.warmup(warm, schedules.cosine(RATE, Math.max(1, steps - warm))) });
  const loss = teacher ? kd({ temperature: 1 }) : crossEntropy();
  const step = trainProgram<Rows, SymbolicScalars>({
    model,
    optimiser,
    loss: ({ output, taps, batch }) => {
      const said = teacher
        ? teacher.model.apply(
            { params: constant(host(teacher.params)), buffers: constant(host(new Float32Array(0))) },
            batch.x,
          )
        : { output: batch.x, taps };
      const targets = teacherTargets({ logits: said.output, taps: said.taps });
      return loss({ logits: output, taps }, targets, { labels: batch.labels }).loss;
    },
  });
  try {
    const { state } = yield* takeSteps<MappingBatch>({
      stage,
      steps,
      batchSize: BATCH,
      start: () => initState(model, optimiser, random.fold(key, "start")),
      batch: (n) => mappingBatch(random.fold(random.fold(key, "questions"), n), BATCH),
      run: ({ x, labels }, state, n) =>
        step(state, { x, labels }, { lr: optimiser.lr(n + 1), step: n + 1, key: keyTensor(random.fold(key, n)) }),
    });
    return (state.params.data as Float32Array).slice();
  } finally {
    await step.release();
  }
}

/** Cross-entropy on questions that nobody has seen, nats. */
async function examine(model: Model, params: Float32Array): Promise<number> {
  const ask = program((p: Tensor, x: Tensor) =>
    model.apply({ params: p, buffers: constant(host(new Float32Array(0))) }, x).output.logSoftmax(),
  );
  let sum = 0;
  for (let i = 0; i < EXAM_BATCHES; i++) {
    const { x, labels } = mappingBatch(random.fold(random.fold(random.key(0), "mapping exam"), i), BATCH);
    const said = (await ask(host(params), x)).data as Float32Array;
    for (let row = 0; row < BATCH; row++) sum -= said[row * PLACES + Number(labels.data[row])]!;
  }
  await ask.release();
  return sum / (EXAM_BATCHES * BATCH);
}

/** A teacher of the given width, and a student of it. Metrics: losses of both, nats. */
export async function* workGap(
  { width, seed }: { readonly width: number; readonly seed: number },
  _bench: Pick<Bench<unknown>, "signal">,
  { studentWidth = STUDENT_WIDTH, steps }: { readonly studentWidth?: number; readonly steps?: number } = {},
): AsyncGenerator<LessonEvent, Outcome> {
  const key = random.fold(random.key(seed), "mapping");
  const teacher = network(width);
  const params = yield* learn({
    stage: `teacher ${width}`,
    model: teacher,
    key: random.fold(key, width),
    steps: steps ?? stepsFor(teacher),
  });
  const student = network(studentWidth);
  const taught = yield* learn({
    stage: `student of ${width}`,
    model: student,
    // All students of a seed start alike and read the same questions.
    key: random.fold(key, "student"),
    steps: steps ?? stepsFor(student),
    teacher: { model: teacher, params },
  });
  const [gapTeacher, gapStudent] = [await examine(teacher, params), await examine(student, taught)];
  return { metrics: { gapTeacher, gapStudent }, params: student.params.size };
}
