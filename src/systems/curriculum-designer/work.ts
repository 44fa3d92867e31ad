/** The work of one cell. */

import { readFile } from "node:fs/promises";
import path from "node:path";
import { fail } from "../../errors.ts";
import type { LessonEvent } from "../../teaching/events.ts";
import { makeFolder, writeAtomic } from "../../teaching/files.ts";
import { mean } from "../../teaching/report/statistics.ts";
import { type HostTensor, host, key as keyOf, random } from "../../tensor/index.ts";
import { studentOf } from "../kit/cast.ts";
import type { Bench, Json, Outcome } from "../system.ts";
import { rowNormalised } from "./design/distances.ts";
import { readResults } from "./design/files.ts";
import { type Order, orderKey, ordersFor } from "./design/orders.ts";
import { designOf, scoresOf } from "./design/score.ts";
import { trainExtractor } from "./extractor.ts";
import { streamWork, trainingPart } from "./features.ts";
import { readJatos } from "./human/jatos.ts";
import { FAMILIES } from "./human/objects.ts";
import { quizPlan } from "./human/quiz.ts";
import { quizPage } from "./human/quiz-page.ts";
import { curvesOf, type Exam } from "./learners/exam.ts";
import { type Learner, linearLearner, networkLearner } from "./learners/learner.ts";
import type { Strategy } from "./learners/strategies.ts";
import { type Lane, type Learned, learnStream, type Settings } from "./learners/stream.ts";
import { finalAccuracy, forgetting, scoreCurves } from "./measures/outcome.ts";
import { descending } from "./measures/ranks.ts";
import type { Options } from "./options.ts";
import { streamCell, type Task, tunesWeight, WEIGHT_CELL } from "./plan.ts";
import { streamSplit, taskGroups } from "./streams.ts";

/** Orders of a stream with `tasks` tasks: a pure function of the options. */
export const ordersOf = ({ maxOrders, pairFirst }: Pick<Options, "maxOrders" | "pairFirst">, tasks: number): Order[] =>
  ordersFor(tasks, maxOrders, keyOf(0), pairFirst);

/** The classes of each task under an order; the first two groups are one task where `pairFirst` is set. */
export function lessonsOf(order: Order, groups: readonly (readonly number[])[], pairFirst: boolean): number[][] {
  const all = order.map((task) => [...groups[task]!]);
  return pairFirst ? [[...all[0]!, ...all[1]!], ...all.slice(2)] : all;
}

interface Classroom {
  readonly learner: Learner;
  readonly material: { readonly x: HostTensor; readonly labels: Int32Array };
  readonly exams: readonly Exam[];
  readonly groups: readonly (readonly number[])[];
}

/** Learner, examples and exams of a stream: features of its cell, or the examples themselves for a whole network. */
async function classroomOf(bench: Bench<Options>, stream: number): Promise<Classroom> {
  const { options, own } = bench;
  const split = await streamSplit(bench, stream);
  const train = trainingPart(split.train, options);
  const classes = split.train.classes.length;
  const found = await bench.outcome(streamCell(options, stream));
  const size = Number(found.facts!.size);
  const network =
    own.student || options.student !== "linear" ? await studentOf({ data: split, own }, options.student) : undefined;
  const onFeatures = !network || `${network.model.inputShape}` === `${size}`;
  const examples = (part: "train" | "validation" | "test"): HostTensor => {
    const { inputs, labels, inputShape } = part === "train" ? train : split[part];
    return onFeatures
      ? host(found.arrays![part]!, [labels.length, size])
      : host(inputs, [labels.length, ...inputShape]);
  };
  if (network && !onFeatures && `${network.model.inputShape}` !== `${split.train.inputShape}`) {
    fail(
      "E_MODEL_SHAPE",
      `"${network.model.name}" reads [${network.model.inputShape}].`,
      `Examples are [${split.train.inputShape}], features [${size}].`,
    );
  }
  const learner = !network
    ? linearLearner(size, classes, options.start)
    : networkLearner(onFeatures ? { model: network.model } : network, classes);
  return {
    learner,
    material: { x: examples("train"), labels: train.labels },
    exams: (["validation", "test"] as const).map((name) => ({ name, x: examples(name), labels: split[name].labels })),
    groups: taskGroups(classes, options),
  };
}

const settingsOf = ({ options: o, signal }: Bench<Options>, strategy: Strategy, ewcWeight: number): Settings => ({
  strategy,
  ewcWeight,
  rate: o.rate,
  batchSize: o.batchSize,
  perClass: o.perClass,
  importance: o.importance,
  memory: o.memory,
  ...(signal && { signal }),
});

async function* learn(
  stage: string,
  room: Classroom,
  lanes: readonly Lane[],
  settings: Settings,
): AsyncGenerator<LessonEvent, Learned> {
  const of = lanes.length * lanes[0]!.tasks.length;
  const lesson = learnStream(room.learner, room.material, lanes, room.exams, settings);
  let next = await lesson.next();
  for (; !next.done; next = await lesson.next()) yield { type: "working", stage, done: next.value, of };
  return next.value;
}

/** A learner's key: the order and the run decide, never the strategy, so that strategies are paired. */
export const laneKey = (seed: number, order: Order) =>
  random.fold(random.fold(keyOf(seed), "learner"), orderKey(order));

/** Replicates behind the choice of EWC's weight. */
const REPLICATES = 8;

/** EWC's weight: the best final accuracy on the validation part of one order, the classes' own. */
async function* tune(bench: Bench<Options>): AsyncGenerator<LessonEvent, Outcome> {
  const { ewcWeights } = bench.options;
  const room = await classroomOf(bench, 0);
  const order = room.groups.map((_, i) => i);
  const tasks = lessonsOf(order, room.groups, bench.options.pairFirst);
  const lanes = ewcWeights.flatMap((ewcWeight) =>
    Array.from({ length: REPLICATES }, (_, i): Lane => ({ tasks, ewcWeight, key: random.fold(laneKey(0, order), i) })),
  );
  const { marks } = yield* learn("weight of ewc", room, lanes, settingsOf(bench, "ewc", 0));
  const tried = ewcWeights.map((weight, w) => {
    const finals = marks[0]!.slice(w * REPLICATES, (w + 1) * REPLICATES).map((m) => finalAccuracy(curvesOf(m)));
    return { weight, accuracy: finals.reduce((sum, x) => sum + x, 0) / REPLICATES };
  });
  const best = tried.reduce((a, b) => (b.accuracy > a.accuracy ? b : a));
  return { metrics: {}, facts: { weight: best.weight, tried } };
}

async function weightOf(bench: Bench<Options>): Promise<number> {
  const { options } = bench;
  if (!tunesWeight(options)) return options.ewcWeights[0]!;
  return Number((await bench.outcome(WEIGHT_CELL)).facts!.weight);
}

/** One strategy under every order with one seed each: arrays "avg" and "t1" [orders, tasks] of the test part. */
async function* learners(
  bench: Bench<Options>,
  stream: number,
  strategy: Strategy,
  seed: number,
): AsyncGenerator<LessonEvent, Outcome> {
  const { options } = bench;
  const room = await classroomOf(bench, stream);
  const weight = strategy === "ewc" ? await weightOf(bench) : 0;
  const lanes = ordersOf(options, room.groups.length).map(
    (order): Lane => ({ key: laneKey(seed, order), tasks: lessonsOf(order, room.groups, options.pairFirst) }),
  );
  const start = performance.now();
  const { marks } = yield* learn(`${strategy} ${seed}`, room, lanes, settingsOf(bench, strategy, weight));
  const curves = marks[1]!.map(curvesOf);
  const alphas = curves.map(finalAccuracy);
  return {
    metrics: {
      accuracy: mean(alphas),
      forgetting: mean(curves.map(forgetting)),
      jointScore: mean(curves.map(scoreCurves)),
      worstOrder: Math.min(...alphas),
      bestOrder: Math.max(...alphas),
    },
    ...{ params: room.learner.params, flops: room.learner.flops, seconds: (performance.now() - start) / 1000 },
    facts: { orders: lanes.length, tasks: lanes[0]!.tasks.length, ...(strategy === "ewc" && { weight }) },
    arrays: {
      avg: Float32Array.from(curves.flatMap(({ avg }) => avg)),
      t1: Float32Array.from(curves.flatMap(({ t1 }) => t1)),
      validation: Float32Array.from(marks[0]!.flatMap((m) => curvesOf(m).avg)),
    },
  };
}

/** All classes at once, in one pass of as many steps: what no order can be expected to beat. */
async function* joint(bench: Bench<Options>, stream: number, seed: number): AsyncGenerator<LessonEvent, Outcome> {
  const room = await classroomOf(bench, stream);
  const lane: Lane = { key: laneKey(seed, []), tasks: [room.groups.flat()] };
  const { marks } = yield* learn(`joint ${seed}`, room, [lane], settingsOf(bench, "naive", 0));
  return {
    metrics: { accuracy: finalAccuracy(curvesOf(marks[1]![0]!)) },
    params: room.learner.params,
    flops: room.learner.flops,
  };
}

/** Curricula for people: the designer's three best and three worst where it has seen the objects. */
async function* quiz(bench: Bench<Options>): AsyncGenerator<LessonEvent, Outcome> {
  const { options } = bench;
  const glyphs = options.streams.indexOf("glyphs") + 1;
  let curricula: string[][] = [[...FAMILIES]];
  if (glyphs > 0) {
    const { facts } = await bench.outcome(streamCell(options, glyphs));
    const distances = (facts!.distances as unknown as Record<string, Record<string, number[][]>>)[
      String(facts!.layer)
    ]![options.distance]!;
    const orders = ordersFor(FAMILIES.length, 120, keyOf(0), true);
    const ranked = descending(scoresOf(designOf(rowNormalised(distances)), orders, true)).map((i) => orders[i]!);
    curricula = [...ranked.slice(0, 3), ...ranked.slice(-3)].map((order) => order.map((i) => FAMILIES[i]!));
  }
  yield { type: "working", stage: "quiz page", done: 0, of: curricula.length };
  const html = quizPage(curricula.map((order) => quizPlan({ order })));
  const file = path.resolve(options.quiz);
  await makeFolder(path.dirname(file));
  await writeAtomic(file, [new TextEncoder().encode(html)]);
  return { metrics: {}, facts: { file, curricula } };
}

async function publishedResults(file: string): Promise<{ readonly [key: string]: Json }> {
  const text = await readFile(file, "utf8").catch((cause: unknown) =>
    fail("E_OPTION", `The results "${file}" cannot be read.`, "Name a JSON file of results by order.", cause),
  );
  return Object.fromEntries(
    [...readResults(text)].map(([name, store]) => [name, Object.fromEntries(store) as unknown as Json]),
  );
}

export async function* work(task: Task, bench: Bench<Options>): AsyncGenerator<LessonEvent, Outcome> {
  switch (task.kind) {
    case "extractor":
      return yield* trainExtractor(bench);
    case "stream":
      return yield* streamWork(bench, task.stream);
    case "ewc weight":
      return yield* tune(bench);
    case "learners":
      return yield* learners(bench, task.stream, task.strategy, task.seed);
    case "joint":
      return yield* joint(bench, task.stream, task.seed);
    case "quiz":
      return yield* quiz(bench);
    case "results":
      return { metrics: {}, facts: await publishedResults(bench.options.results) };
    case "humans":
      return {
        metrics: {},
        facts: (await readJatos(bench.options.humans)) as unknown as { readonly [key: string]: Json },
      };
  }
}
