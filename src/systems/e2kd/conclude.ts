/** From the outcomes of all cells to the method's part of the report. */

import { compareArms } from "../../teaching/report/measure.ts";
import type { Comparison, Arm as ReportArm } from "../../teaching/report/schema.ts";
import { interval95 } from "../../teaching/report/statistics.ts";
import { armOf, curvesOf, outcomeOf } from "../kit/arms.ts";
import { seedsOf } from "../options.ts";
import type { Bench, Findings, Outcomes } from "../system.ts";
import { definitions } from "./definitions.ts";
import { figures } from "./figures.ts";
import { type Choice, choices, groupOf } from "./lambda.ts";
import type { Options } from "./options.ts";
import { type Arm, armName, armsOf, studentCell, teacherCell, teacherName } from "./plan.ts";

/** Arms that a claim speaks about, by name; written into the report's values. */
export interface Pairing {
  readonly experiment: Arm["experiment"];
  readonly count: number;
  /** With the chosen λ. */
  readonly e2kd: string;
  readonly kd: string;
  readonly at?: string;
  readonly lambda: number;
}

/** Values of the report that claims are judged by. */
export type Values = {
  readonly pairings: readonly Pairing[];
  /** Share of the gap in EPG from KD to the teacher that e²KD closes, per seed; where there is a gap. */
  readonly closed?: {
    readonly values: readonly number[];
    readonly mean: number;
    readonly ci95: readonly [number, number] | null;
  };
  readonly gap?: number;
  /** EPG of students of the robust and of the shortcut teacher at one λ, per seed. */
  readonly reasons?: {
    readonly robust: readonly number[];
    readonly shortcut: readonly number[];
    readonly lambda: number;
  };
  readonly frozen?: { readonly e2kd: string; readonly kd: string; readonly liveE2kd: string; readonly liveKd: string };
};

export function conclude(outcomes: Outcomes, bench: Pick<Bench<Options>, "options" | "data" | "own">): Findings {
  const { options } = bench;
  const arms = armsOf(options);
  const chosen = choices(outcomes, options);
  const teachers = [...new Set(arms.map(({ teacher }) => teacher))];
  const found = [
    ...teachers.map((kind) =>
      armOf({
        name: teacherName(kind),
        role: "teacher",
        outcomes: [outcomeOf(outcomes, teacherCell(kind))],
        definitions,
      }),
    ),
    ...arms.map((arm) =>
      armOf({
        name: armName(arm),
        role: isOurs(arm, chosen) ? "student" : "baseline",
        outcomes: outcomesOf(outcomes, arm, options),
        definitions,
      }),
    ),
  ];
  const values = valuesOf(arms, found, chosen);
  return {
    arms: found,
    comparisons: comparisons(found, values),
    series: values.pairings.flatMap(({ e2kd, kd }) =>
      arms
        .filter((arm) => [e2kd, kd].includes(armName(arm)))
        .flatMap((arm) => curvesOf(armName(arm), outcomesOf(outcomes, arm, options))),
    ),
    figures: figures(outcomes, bench, values, chosen),
    values: { ...values, choices: Object.fromEntries(chosen) },
    definitions,
    notes: notes(options, bench),
  };
}

const outcomesOf = (outcomes: Outcomes, arm: Arm, options: Options) =>
  seedsOf(options).map((seed) => outcomeOf(outcomes, studentCell(arm, seed)));

/** Students: what the method with its chosen λ gives; everything else is there to compare with. */
const isOurs = (arm: Arm, chosen: ReadonlyMap<string, Choice>): boolean =>
  arm.method === "e2kd" &&
  arm.teacher !== "shortcut" &&
  (chosen.get(groupOf(arm))?.lambda ?? arm.lambda) === arm.lambda;

function valuesOf(arms: readonly Arm[], found: readonly ReportArm[], chosen: ReadonlyMap<string, Choice>): Values {
  const find = (wanted: Partial<Arm>) =>
    arms.find((arm) => Object.entries(wanted).every(([name, value]) => arm[name as keyof Arm] === value));
  const seedsOfMetric = (arm: Arm, metric: string) =>
    found.find(({ name }) => name === armName(arm))!.metrics[metric]!.values;
  const pairings = arms.flatMap((kd): Pairing[] => {
    if (kd.method !== "kd" || kd.teacher === "shortcut" || kd.experiment === "frozen") return [];
    const { experiment, count, teacher } = kd;
    const { lambda } = chosen.get(groupOf(kd))!;
    const e2kd = find({ experiment, count, teacher, method: "e2kd", lambda })!;
    const at = find({ experiment, count, method: "at" });
    return [{ experiment, count, lambda, e2kd: armName(e2kd), kd: armName(kd), ...(at && { at: armName(at) }) }];
  });
  const wrong = find({ teacher: "shortcut", method: "e2kd" });
  const rightly = wrong && find({ experiment: "shortcut", teacher: "robust", method: "e2kd", lambda: wrong.lambda })!;
  const scenes = pairings.find(({ experiment }) => experiment === "shortcut");
  const by = (frozen: boolean, method: Arm["method"]) => armName(find({ experiment: "frozen", frozen, method })!);
  return {
    pairings,
    ...(scenes && gapOf(found, scenes)),
    ...(wrong &&
      rightly && {
        reasons: { robust: seedsOfMetric(rightly, "epg"), shortcut: seedsOfMetric(wrong, "epg"), lambda: wrong.lambda },
      }),
    ...(find({ experiment: "frozen" }) && {
      frozen: { e2kd: by(true, "e2kd"), kd: by(true, "kd"), liveE2kd: by(false, "e2kd"), liveKd: by(false, "kd") },
    }),
  };
}

/** Smallest gap in EPG that "closing" can be said of. */
const GAP = 0.02;

function gapOf(found: readonly ReportArm[], { e2kd, kd }: Pairing): Pick<Values, "closed" | "gap"> {
  const epg = (name: string) => found.find((arm) => arm.name === name)!.metrics.epg!;
  const teacher = epg(teacherName("robust")).mean;
  const gap = teacher - epg(kd).mean;
  if (gap < GAP) return { gap };
  // Each seed against the mean gap: a seed with a small gap of its own would blow the quotient up.
  const values = epg(e2kd).values.map((value, i) => (value - epg(kd).values[i]!) / gap);
  return { gap, closed: { values, mean: values.reduce((a, b) => a + b) / values.length, ci95: interval95(values) } };
}

function comparisons(found: readonly ReportArm[], { pairings, frozen }: Values): Comparison[] {
  const arm = (name: string) => found.find((a) => a.name === name)!;
  const compare = (a: string, b: string, metrics: readonly string[]) =>
    metrics.map((metric) => compareArms(arm(a), arm(b), metric, definitions));
  const shared = ["agreement", "accuracy", "mapCosine"];
  const scenes = [...shared, "oddAccuracy", "worstGroup", "epg"];
  return [
    ...pairings.flatMap(({ e2kd, kd, at, experiment }) => [
      ...compare(e2kd, kd, experiment === "shortcut" ? scenes : shared),
      ...(at ? compare(e2kd, at, shared) : []),
    ]),
    ...(frozen
      ? [
          ...compare(frozen.e2kd, frozen.kd, shared),
          ...compare(frozen.liveE2kd, frozen.liveKd, shared),
          ...compare(frozen.e2kd, frozen.liveE2kd, ["agreement", "mapCosine"]),
        ]
      : []),
  ];
}

function notes(options: Options, { own, data }: Pick<Bench<Options>, "own" | "data">): string[] {
  const scenes = options.experiments.includes("shortcut");
  const given = own.teacher !== undefined || /\.onnx$/i.test(options.teacher);
  return [
    "λ is chosen on validation examples: by agreement with the teacher (few-shot), by likeness of explanations among those within five points of KD's accuracy (shortcut). All tried values are among the arms.",
    ...(scenes
      ? [
          `Scenes are made of the first ${options.sceneClasses} classes of ${data.source.title ?? data.source.name}; networks keep all ${data.train.classes.length} outputs.`,
        ]
      : []),
    ...(scenes && given ? ["Scenes have teachers of their own: the given one has never seen stripes."] : []),
    ...(options.experiments.includes("frozen")
      ? ["The frozen experiment compares maps at picture size, because they are cropped and flipped with the pictures."]
      : []),
  ];
}
