/** What follows from the runs: arms that claims compare, the laws, their errors, pictures, and the table of all runs. */
import { fail } from "../../errors.ts";
import { compareArms } from "../../teaching/report/measure.ts";
import type { Arm, Comparison, MetricDefinition } from "../../teaching/report/schema.ts";
import { armOf } from "../kit/arms.ts";
import type { Bench, Findings, Outcome, Outcomes } from "../system.ts";
import { type Corpus, corpusOf } from "./corpus.ts";
import { evidenceOf, gainsOf, recordsOf, unseenResults } from "./evidence.ts";
import { CONTEXT, familyOf } from "./family.ts";
import { figures, lawFigures, mappingFigure } from "./figures.ts";
import { percentiles } from "./fit.ts";
import { readLaws } from "./known-laws.ts";
import { type Options, teacherNamed } from "./options.ts";
import { recovery } from "./recovery.ts";
import { decidingRates, type RunTask, runId, runTasks, teacherTask } from "./sweep.ts";

const definitions: Readonly<Record<string, MetricDefinition>> = {
  loss: {
    label: "Loss",
    unit: "nats",
    better: "lower",
    text: "Expected cross-entropy of the next token under the oracle's true distribution, on fixed unseen rows, nats per token.",
  },
};

export async function conclude(outcomes: Outcomes, { options }: Pick<Bench<Options>, "options">): Promise<Findings> {
  const corpus = await corpusOf(options);
  const records = recordsOf(outcomes);
  const about = { corpus: corpus.name, entropy: corpus.entropy, family: familyOf(corpus.vocabulary) };
  if (options.law !== "") return againstLaw(outcomes, options, corpus);
  const evidence = evidenceOf(records, options);
  const { final, short } = evidence;
  const gains = gainsOf(records);
  const unseen = unseenResults(records, final);
  const { arms, comparisons, pairs } = armsOf(outcomes, options);
  const losses = evidence.alone.map(({ loss }) => loss);
  const values = {
    ...about,
    rate: chosen(outcomes, options),
    laws: final.laws,
    pairs: final.pairs.map(rounded),
    residuals: rounded(final.residuals),
    intervals: { supervised: final.supervised.intervals, distillation: distillationIntervals(final) },
    range: {
      N: span(evidence.alone.map(({ N }) => N)),
      D: span(evidence.alone.map(({ D }) => D)),
      LT: span(evidence.students.map(({ LT }) => LT)),
      bestLoss: Math.min(...losses),
    },
    errors: {
      supervised: short.error,
      supervisedR2: short.r2,
      heldOut: evidence.heldOutError,
      heldOutRuns: evidence.heldOut.length,
      all: final.supervised.error,
      distillation: final.distillation.error,
    },
    dropped: final.distillation.dropped,
    recovery: recovery(),
    gains,
    unseen,
    pairs90: pairs,
    runs: records,
  };
  return {
    data: dataOf(corpus),
    arms,
    comparisons,
    definitions,
    figures: [
      ...figures({ evidence, gains, unseen, entropy: corpus.entropy, records }),
      ...(options.gap ? [mappingFigure(outcomes)] : []),
    ],
    values,
    notes: notesOf(evidence.final.distillation.dropped, options),
  };
}

/** Only runs that a law of an earlier sweep did not see. */
async function againstLaw(outcomes: Outcomes, options: Options, corpus: Corpus): Promise<Findings> {
  const known = await readLaws(options.law);
  if (known.fitted.residuals.student.length === 0) {
    fail("E_OPTION", `The laws of "${options.law}" come without runs.`, "Name the report.json of a sweep.");
  }
  const unseen = unseenResults(recordsOf(outcomes), known.fitted);
  const tasks = runTasks(options);
  return {
    data: dataOf(corpus),
    arms: tasks.map((task) => arm(runId(task), [outcomes.get(runId(task))!], task.role === "teacher")),
    comparisons: [],
    definitions,
    figures: lawFigures(unseen),
    values: { unseen, runs: recordsOf(outcomes) },
    notes: [`Predicted by the laws of ${options.law}.`],
  };
}

/** A report names the data of the sweep: text of an oracle, of which there is no end. */
const dataOf = ({ name, sha256 }: Corpus): NonNullable<Findings["data"]> => ({
  name,
  sha256,
  splits: { train: 0, validation: 0, test: 96 * CONTEXT },
});

export interface NamedPair {
  readonly layers: number;
  readonly tokens: number;
  readonly teacher: "strongest" | "weakest";
  /** Names of arms. */
  readonly alone: string;
  readonly taught: string;
  readonly seeds: number;
}

/** The arms that claims compare: students of the strongest and the weakest teacher, and without any, short and long. */
function armsOf(outcomes: Outcomes, options: Options) {
  const teachers = options.teachers.map(teacherNamed);
  const lossOf = (t: (typeof teachers)[number]) => outcomes.get(runId(teacherTask(t)))!.metrics.loss!;
  const ranked = [...teachers].sort((a, b) => lossOf(a) - lossOf(b));
  const arms: Arm[] = teachers.map((t) => arm(runId(teacherTask(t)), [outcomes.get(runId(teacherTask(t)))!], true));
  const comparisons: Comparison[] = [];
  const pairs: NamedPair[] = [];
  const tasks = runTasks(options);
  const common = options.studentTokens.filter((t) => options.tokens.includes(t));
  const lengths = [...new Set([nearest(common, 131_072), Math.max(...common)])];
  const pick = (wanted: Partial<RunTask>) =>
    tasks.filter((t) => Object.entries(wanted).every(([k, v]) => same(t[k as keyof RunTask], v)));
  for (const tokens of common.length > 0 ? lengths : [])
    for (const layers of options.studentLayers.filter((l) => options.layers.includes(l))) {
      const ends = [["strongest", ranked[0]!] as const, ["weakest", ranked.at(-1)!] as const];
      for (const [teacher, named] of ends) {
        const taught = pick({ role: "student", layers, tokens, teacher: named });
        const alone = pick({ role: "alone", layers, tokens }).filter(({ seed }) => taught.some((t) => t.seed === seed));
        const both = taught.filter(({ seed }) => alone.some((a) => a.seed === seed));
        if (both.length === 0) continue;
        const suffix = `${layers} layer${layers === 1 ? "" : "s"}, ${Math.round(tokens / 1000)} k tokens`;
        const names = [`alone: ${suffix}, ${alone.length} seeds`, `${teacher} teacher: ${suffix}`] as const;
        const made = [
          arm(
            names[0],
            alone.map((t) => outcomes.get(runId(t))!),
          ),
          arm(
            names[1],
            both.map((t) => outcomes.get(runId(t))!),
          ),
        ] as const;
        if (!arms.some(({ name }) => name === names[0])) arms.push(made[0]);
        arms.push(made[1]);
        comparisons.push(compareArms(made[0], made[1], "loss", definitions));
        pairs.push({ layers, tokens, teacher, alone: names[0], taught: names[1], seeds: both.length });
      }
    }
  return { arms, comparisons, pairs };
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
const nearest = (values: readonly number[], wanted: number) =>
  values.reduce((a, b) => (Math.abs(b - wanted) < Math.abs(a - wanted) ? b : a), values[0] ?? 0);
const span = (values: readonly number[]): [number, number] => [Math.min(...values), Math.max(...values)];

function arm(name: string, outcomes: readonly Outcome[], teacher = false): Arm {
  const own = outcomes.map(({ metrics, ...o }) => ({ ...o, metrics: { loss: metrics.loss! } }));
  return armOf({
    name,
    role: teacher ? "teacher" : name.startsWith("alone") ? "baseline" : "student",
    outcomes: own,
    definitions,
  });
}

function chosen(outcomes: Outcomes, options: Options): number {
  const tried = decidingRates(options).map((t) => [t.rate!, outcomes.get(runId(t))!.metrics.loss!] as const);
  return tried.length === 0 ? options.rates[0]! : tried.reduce((a, b) => (b[1] < a[1] ? b : a))[0];
}

/** c1 = kappa/f1-like numbers that data do not fix alone get no interval of their own: log kappa - p log d1 does. */
function distillationIntervals({ distillation }: ReturnType<typeof evidenceOf>["final"]) {
  const { kappa: _kappa, d1: _d1, ...rest } = distillation.intervals ?? ({} as never);
  const together = distillation.resampled.map(({ kappa, p, d1 }) => Math.log(kappa) - p * Math.log(d1));
  return { ...rest, logKappaLessPLogD1: together.length > 0 ? percentiles(together) : null };
}

/** Six digits are plenty, and a committed report stays small. */
function rounded<T>(value: T): T {
  return JSON.parse(JSON.stringify(value, (_, v: unknown) => (typeof v === "number" ? +v.toPrecision(6) : v))) as T;
}

const notesOf = (dropped: readonly string[], { heldOut, tokens, teachers, fitFrom }: Options): string[] => [
  ...(fitFrom > 0
    ? [`Fits leave out runs of fewer than ${fitFrom} tokens: they end before the power law begins.`]
    : []),
  "Every loss is exact: the expectation over the oracle's next-token distribution, so no label noise; N has no embeddings.",
  `Runs of ${heldOut > 0 ? heldOut : Math.max(...tokens)} tokens or more are held out of the fit that the claims on errors are about; plans use all runs.`,
  `${dropped.length} of the students ended below their teacher's loss (${teachers.length} teachers), where the law has no meaning, and were left out of its fit.`,
  "Not claimed: the coefficients of the paper (they belong to C4 and its tokeniser), a U-shape over teachers at this scale.",
];
