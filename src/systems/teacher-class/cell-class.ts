/** Phases 2 and 3 as a cell, and everything that is asked of a finished class. */
import { firstExamples } from "../../data/dataset.ts";
import { examples } from "../../teaching/answer.ts";
import type { LessonEvent } from "../../teaching/events.ts";
import { medianLatencies } from "../../teaching/exams/index.ts";
import { unitInput } from "../../teaching/input.ts";
import { forward, type Network, type NetworkState } from "../../teaching/network.ts";
import { host, program, type Tensor } from "../../tensor/index.ts";
import { teacherOf } from "../kit/cast.ts";
import { sit } from "../kit/exam.ts";
import type { Bench, Outcome } from "../system.ts";
import { castOf, statesOf } from "./cast.ts";
import { otherTask } from "./cell-other.ts";
import { isLeftOut, LEFT_OUT } from "./cell-students.ts";
import { columnsOf } from "./chunks.ts";
import { joinStates, partStates } from "./compose.ts";
import { embeddingOf, fewOf, labelledOf, rowsOf } from "./embedding.ts";
import { headFrom } from "./head.ts";
import { accuracyWithout, meanAnswer } from "./missing.ts";
import type { Options } from "./options.ts";
import { classAnswers, fineTune, recipes, trainHead } from "./phases.ts";
import { studentsCell, type Task, TEACHER } from "./plan.ts";

/** Examples whose answers give the mean chunk that replaces a missing one. */
const FOR_MEAN = 2000;

export async function* finishClass(
  { n, budget, seed }: Extract<Task, { kind: "class" }>,
  bench: Bench<Options>,
): AsyncGenerator<LessonEvent, Outcome> {
  const { options, data } = bench;
  const phase1 = await bench.outcome(studentsCell(n, budget, seed));
  const embedding = await embeddingOf(bench);
  const cast = await castOf(bench, embedding, n, budget);
  if (!cast || isLeftOut(phase1)) return LEFT_OUT;
  const { chunks, students, whole, head } = cast;
  const alone = statesOf(phase1, n);
  const teacher = await teacherOf(bench, options.teacher, TEACHER);
  const said = (yield* rowsOf(bench, teacher, embedding.tap, data.test)).answers;
  const labelled = labelledOf(bench);

  const copied = joinStates([...alone, cast.copied]);
  const byCopy = await sit(whole, copied, data.test, said);

  const about = { d: embedding.d, activation: head.activation, dropout: options.dropout };
  const parts = {
    train: { data: labelled, z: await classAnswers(students, alone, labelled, chunks) },
    validation: { data: data.validation, z: await classAnswers(students, alone, data.validation, chunks) },
  };
  const tuned = yield* trainHead(bench, "head", parts, about, recipes.head(options), seed, { initial: head });
  const headed = joinStates([...alone, tuned]);
  const byHead = await sit(whole, headed, data.test, said);

  const known = (yield* rowsOf(bench, teacher, embedding.tap, labelled)).answers;
  const fine = yield* fineTune(bench, "whole class", whole, headed, labelled, known, recipes.fine(options), seed);
  const byAll = await sit(whole, fine, data.test, said);

  const final = partStates([...students.map((s) => s.model), cast.top], fine);
  const large = budget === "student";
  const missing = large
    ? accuracyWithout({
        head: headFrom(final.at(-1)!.params, head),
        bounds: chunks.bounds,
        answers: await classAnswers(students, final, data.test, chunks),
        mean: meanAnswer(await classAnswers(students, final, firstExamples(labelled, FOR_MEAN), chunks), embedding.d),
        labels: data.test.labels,
      })
    : [];
  const other =
    large && options.fewLabels > 0
      ? yield* otherTask(
          bench,
          fewOf(bench, seed),
          (part) => classAnswers(students, alone, part, chunks),
          {
            mean: columnsOf(embedding.statistics.mean, embedding.d, chunks.order),
            scale: columnsOf(embedding.scale, embedding.d, chunks.order),
          },
          seed,
        )
      : undefined;
  return {
    metrics: {
      ...byAll.metrics,
      r2: phase1.metrics.r2!,
      copiedAccuracy: byCopy.metrics.accuracy!,
      headAccuracy: byHead.metrics.accuracy!,
      ...(other !== undefined && { otherAccuracy: other }),
    },
    params: whole.model.params.size,
    flops: whole.model.flops,
    seconds: (phase1.seconds ?? 0) + tuned.seconds + fine.seconds,
    log: fine.log,
    facts: {
      ...phase1.facts,
      copied: { ...byCopy.metrics },
      headTuned: { ...byHead.metrics },
      headSeconds: (phase1.seconds ?? 0) + tuned.seconds,
      copiedSeconds: phase1.seconds ?? 0,
      missing,
      validation: fine.log.exams.at(-1)?.metrics.accuracy ?? 0,
      slowest: await slowestStudent(bench, students, final),
    },
    arrays: { params: fine.params, buffers: fine.buffers },
  };
}

/** Median milliseconds of the slowest student for one example: what n devices wait for. */
async function slowestStudent(
  { data }: Pick<Bench<unknown>, "data">,
  students: readonly Network[],
  states: readonly NetworkState[],
): Promise<number> {
  const x = examples(data.test, 0, 1);
  // Equal architectures take equal time: one of each is asked.
  const sizes = students.map(({ model }) => model.params.size);
  const passes = students.flatMap((network, k) => {
    if (sizes.indexOf(sizes[k]!) < k) return [];
    const run = program((state: { params: Tensor; buffers: Tensor }, input: Tensor) => ({
      chunk: forward(network, state, unitInput(input)).logits,
    }));
    const state = { params: host(states[k]!.params), buffers: host(states[k]!.buffers) };
    return [{ pass: () => run(state, x), release: () => run.release() }];
  });
  try {
    return Math.max(...(await medianLatencies(passes.map(({ pass }) => pass))));
  } finally {
    await Promise.all(passes.map(({ release }) => release()));
  }
}
