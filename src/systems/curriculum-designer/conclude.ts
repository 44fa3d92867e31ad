/** What follows from all cells: arms and comparisons, statistics of orders, curricula, figures. */

import { compareArms } from "../../teaching/report/measure.ts";
import type { MetricDefinition } from "../../teaching/report/schema.ts";
import { key as keyOf, random } from "../../tensor/index.ts";
import { type ArmRequest, armOf, outcomeOf } from "../kit/arms.ts";
import { seedsOf } from "../options.ts";
import type { Bench, Findings, Outcome, Outcomes } from "../system.ts";
import { type Agreement, agreementOf } from "./agreement.ts";
import { byCurriculum, compareHumans, compareResults, humansFigure, resultsFigure } from "./compared.ts";
import { curriculumOf, writeResults } from "./design/files.ts";
import { beamSearch, greedyCurricula } from "./design/generate.ts";
import { fitWeights, type HeldOut, leaveOneOut } from "./design/learnable.ts";
import { EXTRACTOR } from "./extractor.ts";
import { figuresOf, learnable } from "./figures.ts";
import type { Participant } from "./human/jatos.ts";
import { type MeasuredStream, measuredStream } from "./measured.ts";
import type { Curves } from "./measures/outcome.ts";
import { descending } from "./measures/ranks.ts";
import type { Options } from "./options.ts";
import { HUMANS_CELL, jointCell, learnersCell, QUIZ_CELL, RESULTS_CELL, tunesWeight, WEIGHT_CELL } from "./plan.ts";
import { streamNames, titleOf } from "./streams.ts";

export const definitions: Readonly<Record<string, MetricDefinition>> = {
  accuracy: {
    label: "Final accuracy",
    unit: "share",
    better: "higher",
    text: "α: mean accuracy over all tasks on test examples after the last task, averaged over the orders.",
  },
  // No share: it can be negative.
  forgetting: {
    label: "Forgetting",
    unit: "",
    better: "lower",
    text: "β: accuracy on the first task right after it, minus the same after the last task, averaged over the orders; a difference of shares from 0 to 1, negative where the first task got better.",
  },
  jointScore: {
    label: "F",
    unit: "",
    better: "higher",
    text: "F = 2α / (βα + 1), the harmonic mean of α and 1/β, averaged over the orders.",
  },
  worstOrder: { label: "Worst order", unit: "share", better: "higher", text: "α of the order with the smallest α." },
  bestOrder: { label: "Best order", unit: "share", better: "higher", text: "α of the order with the largest α." },
  extractorAccuracy: {
    label: "Accuracy on its own classes",
    unit: "share",
    better: "higher",
    text: "Share of test examples of the extractor's own classes that it names rightly; it never saw the classes of a stream.",
  },
};

/** What claims are judged from. */
export interface Values {
  readonly streams: readonly (Agreement & {
    readonly name: string;
    readonly orders: number;
    readonly perClass: number;
    readonly designedOrders: number;
  })[];
  readonly learnable: readonly (HeldOut & { readonly strategy: string })[];
}

const armName = (strategy: string, stream: number, name: string): string =>
  stream === 0 ? strategy : `${strategy}, ${name}`;
export const designedArm = (strategy: string): string => `${strategy}, designed orders`;

/** Means over some orders, seed by seed. */
function overOrders({ learners }: MeasuredStream, strategy: string, orders: readonly number[]): Outcome[] {
  const { perRun } = learners.find((l) => l.strategy === strategy)!;
  const mean = (table: readonly (readonly number[])[], run: number) =>
    orders.reduce((sum, i) => sum + table[i]![run]!, 0) / orders.length;
  return perRun.f[0]!.map((_, run) => ({
    metrics: { accuracy: mean(perRun.alpha, run), forgetting: mean(perRun.beta, run), jointScore: mean(perRun.f, run) },
  }));
}

function armsOf(outcomes: Outcomes, o: Options, streams: readonly MeasuredStream[]) {
  const seeds = seedsOf(o);
  const arm = (request: Omit<ArmRequest, "definitions">) => armOf({ ...request, definitions });
  const arms = [arm({ name: EXTRACTOR, role: "teacher", outcomes: [outcomeOf(outcomes, EXTRACTOR)] })];
  const comparisons: Findings["comparisons"] = [];
  for (const stream of streams) {
    const of = (strategy: string) => armName(strategy, stream.index, stream.name);
    const joint = arm({
      name: of("joint"),
      role: "oracle",
      outcomes: seeds.map((seed) => outcomeOf(outcomes, jointCell(o, stream.index, seed))),
    });
    const all = stream.learners.map(({ strategy }) =>
      arm({
        name: of(strategy),
        role: strategy === "naive" ? "baseline" : "student",
        outcomes: seeds.map((seed) => outcomeOf(outcomes, learnersCell(o, stream.index, strategy, seed))),
      }),
    );
    arms.push(...all, joint);
    const naive = all.find(({ name }) => name === of("naive"));
    for (const [i, { strategy }] of stream.learners.entries()) {
      const one = all[i]!;
      comparisons.push(compareArms(joint, one, "accuracy", definitions));
      if (naive && naive !== one) {
        for (const metric of ["accuracy", "forgetting", "jointScore"])
          comparisons.push(compareArms(one, naive, metric, definitions));
      }
      if (stream.designed.length === 0) continue;
      const { params, flops } = outcomeOf(outcomes, learnersCell(o, stream.index, strategy, 1));
      const chosen = overOrders(stream, strategy, stream.designed).map((outcome) => ({
        ...outcome,
        params: params!,
        flops: flops!,
        seconds: 0,
      }));
      const designed = arm({ name: of(designedArm(strategy)), role: "student", outcomes: chosen });
      arms.push(designed);
      for (const metric of ["jointScore", "accuracy"])
        comparisons.push(compareArms(designed, one, metric, definitions));
    }
  }
  return { arms, comparisons };
}

function curriculaOf({ main, tasks, orders, distances }: MeasuredStream, { distance }: Options) {
  const curriculum = (order: readonly number[]) => curriculumOf(main.design, tasks, order);
  return {
    best: descending(main.scores)
      .slice(0, 10)
      .map((i) => curriculum(orders[i]!)),
    beam: beamSearch(main.design).map(({ order }) => curriculum(order)),
    greedy: greedyCurricula(distances[distance]).map(curriculum),
    greedyAsPublished: greedyCurricula(distances[distance], { advance: false }).map(curriculum),
  };
}

function learnableOf(streams: readonly MeasuredStream[]): Values["learnable"] {
  const same = streams.filter(({ tasks }) => tasks.length === streams[0]!.tasks.length);
  if (same.length < 2) return [];
  return same[0]!.learners.flatMap(({ strategy }, s) => {
    const experiences = same.map(({ name, features, learners }) => ({ name, features, measured: learners[s]!.f }));
    return leaveOneOut(experiences, random.fold(keyOf(0), `learnable ${strategy}`)).map((row) => ({
      ...row,
      strategy,
    }));
  });
}

export function conclude(outcomes: Outcomes, { options: o, data }: Pick<Bench<Options>, "options" | "data">): Findings {
  const streams = streamNames(o).map((_, i) => measuredStream(outcomes, o, i, titleOf(data.source)));
  const key = keyOf(0);
  const agreements = streams.map((stream) => agreementOf(stream, random.fold(key, `stream ${stream.index}`)));
  const learned = learnableOf(streams);
  const factsOf = (cell: string) => outcomes.get(cell)?.facts as unknown;
  const compared = o.results
    ? compareResults(factsOf(RESULTS_CELL) as Record<string, Record<string, Curves>>, streams[0]!, key)
    : [];
  const humans = o.humans ? (factsOf(HUMANS_CELL) as { participants: Participant[]; empty: number }) : undefined;
  const people = humans ? byCurriculum(humans.participants) : [];
  const withPeople = compareHumans(people, streams, key);
  const weight = tunesWeight(o)
    ? (factsOf(WEIGHT_CELL) as { weight: number; tried: unknown })
    : { weight: o.ewcWeights[0]!, tried: [] };
  const described: Values["streams"] = streams.map((stream, i) => ({
    name: stream.name,
    orders: stream.orders.length,
    perClass: stream.perClass,
    designedOrders: stream.designed.length,
    ...agreements[i]!,
  }));
  const both = [...compared, ...withPeople];
  return {
    ...armsOf(outcomes, o, streams),
    definitions,
    figures: [
      ...figuresOf(streams, agreements),
      ...(learned.length > 0 ? [learnable(learned)] : []),
      ...(both.length > 0 ? [resultsFigure(both)] : []),
      ...(people.length > 0 ? [humansFigure(people)] : []),
    ],
    values: {
      streams: described,
      learnable: learned,
      ewcWeight: weight,
      curricula: streams.map((stream) => ({ stream: stream.name, distance: o.distance, ...curriculaOf(stream, o) })),
      weights:
        learned.length > 0
          ? streams[0]!.learners.map(({ strategy }, s) => ({
              strategy,
              weights: fitWeights(
                streams.map(({ name, features, learners }) => ({ name, features, measured: learners[s]!.f })),
              ),
            }))
          : [],
      results: Object.fromEntries(
        streams.map(({ name, orders, learners }) => [
          name,
          Object.fromEntries(learners.map(({ strategy, curves }) => [strategy, writeResults(orders, curves)])),
        ]),
      ),
      ...(compared.length > 0 && { compared }),
      ...(humans && { humans: { ...humans, curricula: people, compared: withPeople } }),
      ...(o.quiz && { quiz: factsOf(QUIZ_CELL) }),
    },
    notes: notesOf(o, streams, weight.weight, humans),
  };
}

function notesOf(
  o: Options,
  streams: readonly MeasuredStream[],
  weight: number,
  humans?: { readonly participants: readonly unknown[]; readonly empty: number },
): string[] {
  const first = streams[0]!;
  const ewc = tunesWeight(o)
    ? `EWC's weight ${weight} was chosen among ${o.ewcWeights.join(", ")} by the validation part of one order of ${first.name}.`
    : `EWC's weight is ${weight}.`;
  return [
    `Every learner passes once over ${streams.map(({ name, perClass }) => `${perClass} examples of each class of ${name}`).join("; ")}; replay sees as many remembered examples again from the second task on.`,
    "Strategies share the start and the order of examples of each (order, seed); every (order, seed) has its own.",
    first.standardised === "extractor"
      ? "Features are standardised by the classes that the extractor was trained on; no class of a stream counts."
      : "No classes were left for statistics: each example's features are standardised by themselves.",
    ...(o.strategies.includes("ewc") ? [ewc] : []),
    ...(first.orders.length < o.maxOrders || first.tasks.length <= 5
      ? []
      : [`${first.orders.length} of all orders were drawn.`]),
    ...(humans ? [`${humans.participants.length} people were scored, ${humans.empty} left no data.`] : []),
    "The designer's score is reported with its sign as measured: whether it predicts the ranking depends on data and training length.",
  ];
}
