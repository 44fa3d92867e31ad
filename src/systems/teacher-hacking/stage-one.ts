/**
 * Stage 1: teacher and student learn from the same responses of the oracle. The teacher keeps the parameters that were
 * best on unseen pairs; the student is stopped early, so that there is something left to learn from the teacher.
 */

import type { Decoder } from "../../language/decoder/index.ts";
import { itemsOf, responseRows } from "../../language/distil/index.ts";
import { scorer, teachText } from "../../language/lesson/index.ts";
import { adamw, schedules } from "../../nn/index.ts";
import type { LessonEvent } from "../../teaching/events.ts";
import { tokenCrossEntropy } from "../../teaching/losses/language/index.ts";
import { type Key, random } from "../../tensor/index.ts";
import type { Bench, Outcome } from "../system.ts";
import { evaluation, mean } from "./evaluation.ts";
import { studentModel, teacherModel } from "./models.ts";
import type { Options } from "./options.ts";
import type { StageOneTask } from "./plan.ts";
import { promptsOf, responsesOf, widthOf, worldOf } from "./world.ts";

const BATCH = 64;
/** Pairs that only judge the teacher. */
const JUDGES = 128;

/** Metrics: distances of both from the oracle. Arrays: teacher, student. */
export async function* stageOne(task: StageOneTask, bench: Bench<Options>): AsyncGenerator<LessonEvent, Outcome> {
  const { options } = bench;
  const world = await worldOf(options);
  const key = random.fold(random.fold(random.key(task.seed), "teacher-hacking"), "stage 1");
  const pairs = world.pairs("oracle", key, task.pairs + JUDGES);
  const width = widthOf(options);
  const prompts = promptsOf(pairs, width);
  const answered = responsesOf(pairs, width).map((response, i) => ({ prompt: prompts[i]!, response }));
  const judges = responseRows(answered.slice(task.pairs), { width: width - 1 });
  const learn = (decoder: Decoder, name: string, passes: number, rate: number, keepBest: boolean) =>
    lesson({
      ...{ decoder, name, rate, answered: answered.slice(0, task.pairs), key: random.fold(key, name) },
      steps: Math.ceil((passes * task.pairs) / BATCH),
      ...(keepBest && { judges }),
      ...(bench.signal && { signal: bench.signal }),
    });
  const { teacherPasses, studentPasses, teacherRate, studentRate } = options;
  const teacherOf = teacherModel(options, world.vocabulary);
  const studentOf = studentModel(options, world.vocabulary, task.width);
  const begin = performance.now();
  const teacher = yield* learn(teacherOf, "teacher", teacherPasses, teacherRate, true);
  const student = yield* learn(studentOf, "student", studentPasses, studentRate, false);
  const seconds = (performance.now() - begin) / 1000;
  const exam = await evaluation(world, options, { seed: task.seed, width: task.width, teacher });
  const start = await exam.measure(student);
  await exam.release();
  return {
    metrics: { teacherDistance: exam.teacher, studentDistance: mean(start.golden), startProxy: mean(start.proxy) },
    params: teacherOf.model.params.size,
    flops: teacherOf.model.flops,
    seconds,
    arrays: { teacher, student },
  };
}

interface Learning {
  readonly decoder: Decoder;
  readonly name: string;
  readonly steps: number;
  readonly rate: number;
  readonly answered: Parameters<typeof responseRows>[0];
  readonly judges?: ReturnType<typeof responseRows>;
  readonly key: Key;
  readonly signal?: AbortSignal;
}

async function* lesson(how: Learning): AsyncGenerator<LessonEvent, Float32Array> {
  const { decoder, name, steps, rate, answered, judges, key, signal } = how;
  const order = itemsOf(random.fold(key, "order"), answered.length, BATCH);
  const exam = judges && scorer(decoder, 64);
  let best: { loss: number; params: Float32Array } | undefined;
  const every = Math.max(1, Math.round(steps / 12));
  const taught = teachText({
    ...{ stage: name, decoder, batchSize: BATCH, steps, key },
    rows: (step) =>
      responseRows(
        order(step).map(({ item }) => answered[item]!),
        { width: decoder.config.context - 1 },
      ),
    loss: tokenCrossEntropy(),
    optimiser: adamw({ lr: schedules.warmup(Math.min(20, steps), schedules.cosine(rate, steps, rate / 10)) }),
    clip: 1,
    ...(exam && {
      exam: {
        at: (step: number) => step % every === 0,
        run: async (params: Float32Array) => {
          const loss = await exam.crossEntropy(params, judges);
          if (!best || loss < best.loss) best = { loss, params: params.slice() };
          return { loss };
        },
      },
    }),
    ...(signal && { signal }),
  });
  try {
    for (;;) {
      const next = await taught.next();
      if (next.done) throw new Error("A lesson ended without its last event.");
      if (next.value.type === "taught") return best?.params ?? next.value.params;
      yield next.value;
    }
  } finally {
    await exam?.release();
  }
}
