/** The pictures of a sweep: loss over tokens with the fitted law, teachers, where plain training catches up, residuals. */

import type { Figure } from "../../teaching/report/schema.ts";
import { interval95, mean } from "../../teaching/report/statistics.ts";
import type { Outcomes } from "../system.ts";
import { curve, distinct, type Evidence, type Gain, type UnseenResult } from "./evidence.ts";
import type { Fit } from "./fit.ts";
import { studentError } from "./kernel-regression.ts";
import { studentLoss, supervisedLoss } from "./law.ts";
import { GAP_SEEDS, STUDENT_WIDTH, TEACHER_WIDTHS } from "./mapping.ts";
import type { RunRecord } from "./records.ts";
import { gapId } from "./sweep.ts";

const LOG_TOKENS = { label: "log₂ of tokens", unit: "" };
const LOSS = { label: "loss", unit: "nats" };
/** Points of a drawn law. */
const STEPS = 25;
const size = (N: number) => `N = ${N >= 1e5 ? `${Math.round(N / 1e3)} k` : `${(N / 1e3).toFixed(1)} k`}`;

export interface Shown {
  readonly evidence: Evidence;
  readonly gains: readonly Gain[];
  readonly unseen: readonly UnseenResult[];
  readonly entropy: number;
  readonly records: readonly RunRecord[];
}

export function figures({ evidence, gains, unseen, entropy, records }: Shown): Figure[] {
  return [
    lossOverTokens(evidence, entropy),
    overTeachers(evidence),
    ...gainOverTokens(gains),
    residuals(evidence, unseen),
    ...(unseen.length > 0 ? lawFigures(unseen) : []),
    coefficients(evidence.final.supervised, "supervised", "The supervised law"),
    coefficients(evidence.final.distillation, "distillation", "The distillation law"),
    ...rates(records),
    capacityGap(),
  ];
}

function lossOverTokens({ alone, final, short, heldOut }: Evidence, entropy: number): Figure {
  const runs = alone.filter(({ role }) => role === "alone");
  const sizes = distinct(runs.map(({ N }) => N));
  const ends = distinct(runs.map(({ D }) => D));
  const [from, to] = [Math.log2(ends[0]!), Math.log2(ends.at(-1)!)];
  const law = (N: number): [number, number][] =>
    steps(from, to).map((x) => [x, supervisedLoss(final.laws.supervised, N, 2 ** x)]);
  return {
    id: "loss-over-tokens",
    title: "Training on text alone",
    caption: `Measured (mean over seeds) and the fitted law. E = ${final.laws.supervised.E.toFixed(3)}, the oracle's entropy H = ${entropy.toFixed(3)} nats. A fit that does not see the ${heldOut.length} longest runs has E = ${short.law.E.toFixed(3)}.`,
    kind: "lines",
    x: LOG_TOKENS,
    y: LOSS,
    lines: [
      ...sizes.flatMap((N) => [
        { name: `${size(N)}, measured`, points: logged(curve(runs.filter((r) => r.N === N))) },
        { name: `${size(N)}, law`, points: law(N) },
      ]),
      {
        name: "entropy H",
        points: [
          [from, entropy],
          [to, entropy],
        ],
      },
    ],
  };
}

const logged = (points: readonly (readonly [number, number])[]): [number, number][] =>
  points.map(([x, y]) => [Math.log2(x), y]);
const steps = (from: number, to: number): number[] =>
  Array.from({ length: STEPS }, (_, i) => from + ((to - from) * i) / (STEPS - 1));

/** Students of one length, over the loss of their teacher. */
function overTeachers({ students, final }: Evidence): Figure {
  const lengths = distinct(students.map(({ D }) => D));
  const D = lengths[lengths.length >> 1]!;
  const chosen = students.filter((s) => s.D === D);
  const sizes = distinct(chosen.map(({ N }) => N));
  const losses = distinct(students.map(({ LT }) => LT));
  return {
    id: "teachers",
    title: "Which teacher?",
    caption: `Students of ${D.toLocaleString("en")} tokens over the loss of their teacher: measured and the fitted law. Left is the strongest teacher.`,
    kind: "lines",
    x: { label: "teacher's loss", unit: "nats" },
    y: { label: "student's loss", unit: "nats" },
    lines: sizes.flatMap((N) => {
      const mine = chosen.filter((s) => s.N === N);
      return [
        {
          name: `${size(N)}, measured`,
          points: distinct(mine.map(({ LT }) => LT)).map((LT): [number, number] => [
            LT,
            mean(mine.filter((s) => s.LT === LT).map(({ loss }) => loss)),
          ]),
        },
        {
          name: `${size(N)}, law`,
          points: steps(losses[0]!, losses.at(-1)!).map((LT): [number, number] => [
            LT,
            studentLoss(final.laws, { N, D, LT }),
          ]),
        },
      ];
    }),
  };
}

/** One picture for each teacher. */
function gainOverTokens(gains: readonly Gain[]): Figure[] {
  return [...new Set(gains.map(({ teacherId }) => teacherId))].map((teacherId, i): Figure => {
    const mine = gains.filter((g) => g.teacherId === teacherId);
    const ends = distinct(mine.flatMap(({ points }) => points.map(([D]) => Math.log2(D))));
    return {
      id: `gain-${i + 1}`,
      title: `What a teacher of loss ${mine[0]!.LT.toFixed(3)} is worth`,
      caption: `Loss on text alone less loss with the ${teacherId.replace(/, seed .*/, "")}, at equal tokens. Below 0 plain training is better.`,
      kind: "lines",
      x: LOG_TOKENS,
      y: { label: "gain", unit: "nats" },
      lines: [
        ...mine.map(({ N, points }) => ({ name: size(N), points: logged(points) })),
        {
          name: "no gain",
          points: [
            [ends[0]!, 0],
            [ends.at(-1)!, 0],
          ],
        },
      ],
    };
  });
}

function residuals({ alone, heldOut, students, final, short }: Evidence, unseen: readonly UnseenResult[]): Figure {
  const off = (predicted: number, measured: number): [number, number] => [measured, 100 * (predicted / measured - 1)];
  return {
    id: "residuals",
    title: "How far the laws are off",
    caption:
      "Predicted less measured loss, in per cent of the measured one. Held-out runs are predicted by the fit that did not see them.",
    kind: "scatter",
    x: { label: "measured loss", unit: "nats" },
    y: { label: "error", unit: "%" },
    groups: [
      {
        name: "text alone",
        points: alone.filter((r) => !heldOut.includes(r)).map((r) => off(supervisedLoss(short.law, r.N, r.D), r.loss)),
      },
      { name: "held out", points: heldOut.map((r) => off(supervisedLoss(short.law, r.N, r.D), r.loss)) },
      { name: "students", points: students.map((r) => off(studentLoss(final.laws, r), r.loss)) },
      ...(unseen.length > 0 ? [{ name: "unseen students", points: unseen.map((u) => off(u.loss, u.measured)) }] : []),
    ],
  };
}

/** Runs that no fit saw. */
export function lawFigures(unseen: readonly UnseenResult[]): Figure[] {
  return [
    {
      id: "unseen",
      title: "Students that no fit saw",
      caption: "Predicted with 90 % intervals, then measured.",
      kind: "table",
      columns: ["N", "tokens", "teacher's loss", "predicted", "from", "to", "measured", "within"],
      rows: unseen.map(({ N, D, LT, loss, interval: [low, high], measured, within }) => [
        ...[N, D, LT, loss, low, high, measured],
        within ? "yes" : "no",
      ]),
    },
  ];
}

function coefficients<L>(fit: Fit<L>, id: string, title: string): Figure {
  const names = Object.keys(fit.law as object) as (keyof L & string)[];
  return {
    id: `coefficients-${id}`,
    title,
    caption: `Fitted values with 90 % intervals over resampled runs. Mean error on the fitted runs ${(100 * fit.error.mean).toFixed(2)} %, R² of log loss ${fit.r2.toFixed(4)}. kappa and d1 (and A, B with gamma) trade off against each other: their intervals are not independent.`,
    kind: "table",
    columns: ["", "value", "from", "to"],
    rows: names.map((name) => {
      const [low, high] = fit.intervals?.[name] ?? [Number.NaN, Number.NaN];
      const shown = (v: number) => (Number.isFinite(v) ? v : "–");
      return [name, fit.law[name] as number, shown(low), shown(high)];
    }),
  };
}

function rates(records: readonly RunRecord[]): Figure[] {
  const tried = records.filter(({ role }) => role === "rate");
  if (tried.length === 0) return [];
  return [
    {
      id: "rates",
      title: "Learning rates",
      caption:
        "Loss at the end of the runs that try rates; matrices learn at rate·32/width. The best of the first size is used everywhere.",
      kind: "table",
      columns: ["layers", "width", "tokens", "rate", "loss"],
      rows: tried.map(({ layers = 0, dModel = 0, D, rate = 0, loss }) => [layers, dModel, D, rate, loss]),
    },
  ];
}

/** Appendix C of the paper in closed form. */
function capacityGap(): Figure {
  const gap = { target: Array<number>(10).fill(1), teacherNorm: 2, studentNorm: 1.8, directions: 4 };
  return {
    id: "capacity-gap",
    title: "The capacity gap in closed form",
    caption:
      "Kernel regression: the student's error over the directions of its teacher. The best teacher has as many as the student, four.",
    kind: "lines",
    x: { label: "directions of the teacher", unit: "" },
    y: { label: "error of the student", unit: "" },
    lines: [
      { name: "student of four directions", points: gap.target.map((_, i) => [i + 1, studentError(gap, i + 1)]) },
    ],
  };
}

/** The mapping problem: students of one width, over the width of their teacher. */
export function mappingFigure(outcomes: Outcomes): Figure {
  const seeds = Array.from({ length: GAP_SEEDS }, (_, i) => i + 1);
  const bars = TEACHER_WIDTHS.map((width) => {
    const losses = seeds.map((seed) => outcomes.get(gapId(width, seed))!.metrics.gapStudent!);
    return { name: `${width}`, value: mean(losses), ci95: interval95(losses) };
  });
  const best = bars.reduce((a, b) => (b.value < a.value ? b : a)).name;
  return {
    id: "mapping",
    title: "The mapping problem",
    caption: `Loss of students of width ${STUDENT_WIDTH} over the width of their teacher, ${GAP_SEEDS} seeds. The best teacher has width ${best}.`,
    kind: "bars",
    value: LOSS,
    bars,
  };
}
