/** The transfer question: few labels of another task, on the class's answers or on the teacher's own embedding. */
import type { ArrayDataset } from "../../data/dataset.ts";
import type { LessonEvent } from "../../teaching/events.ts";
import { accuracy } from "../../teaching/exams/index.ts";
import { teacherOf } from "../kit/cast.ts";
import type { Bench, Outcome } from "../system.ts";
import { embeddingOf, fewOf, rowsOf } from "./embedding.ts";
import { headLogits } from "./head.ts";
import type { Options } from "./options.ts";
import { recipes, trainHead } from "./phases.ts";
import { type Task, TEACHER } from "./plan.ts";
import { standardised } from "./statistics.ts";
import { superClasses } from "./transfer.ts";

/** Test accuracy of a linear head for the other task. `embed`: the representation of a part, `[rows, d]`. */
export async function* otherTask(
  bench: Bench<Options>,
  few: ArrayDataset,
  embed: (part: ArrayDataset) => Promise<Float32Array>,
  { mean, scale }: { readonly mean: Float32Array; readonly scale: Float32Array },
  seed: number,
): AsyncGenerator<LessonEvent, number> {
  const { data, options } = bench;
  const read = async (part: ArrayDataset) => ({ data: part, z: standardised(await embed(part), mean, scale) });
  const parts = { train: await read(few), validation: await read(data.validation) };
  const about = { d: mean.length, activation: "identity", dropout: 0 } as const;
  const { params } = yield* trainHead(bench, "head for another task", parts, about, recipes.fewHead(options), seed, {
    task: "other",
  });
  const groups = superClasses(data.test.classes);
  const classes = groups.names.length;
  const split = params.length - classes;
  const head = { weight: params.slice(0, split), bias: params.slice(split), activation: "identity" } as const;
  const logits = headLogits(head, (await read(data.test)).z);
  return accuracy(
    { logits, classes },
    data.test.labels.map((label) => groups.of[label]!),
  );
}

/** On the teacher's embedding itself: what the class is compared with. */
export async function* otherOnTeacher(
  { seed }: Extract<Task, { kind: "other" }>,
  bench: Bench<Options>,
): AsyncGenerator<LessonEvent, Outcome> {
  const { tap, statistics, scale } = await embeddingOf(bench);
  const teacher = await teacherOf(bench, bench.options.teacher, TEACHER);
  const few = fewOf(bench, seed);
  const rows = new Map<ArrayDataset, Float32Array>();
  for (const part of [few, bench.data.validation, bench.data.test]) {
    rows.set(part, (yield* rowsOf(bench, teacher, tap, part)).z);
  }
  const embed = async (part: ArrayDataset) => rows.get(part)!;
  const otherAccuracy = yield* otherTask(bench, few, embed, { mean: statistics.mean, scale }, seed);
  return { metrics: { otherAccuracy }, params: teacher.params, flops: teacher.flops, seconds: 0 };
}
