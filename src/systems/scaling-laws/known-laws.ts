/** Where a plan's laws come from: a published preset, the report of a sweep, or a table of somebody's runs. */
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { fail } from "../../errors.ts";
import { didYouMean } from "../../nearest.ts";
import { isStudent } from "./evidence.ts";
import { type FittedLaws, fitBoth } from "./fit-both.ts";
import { C4_FAMILY, type Family } from "./flops.ts";
import { PRESETS, supervisedLoss } from "./law.ts";
import { type RunRecord, readRecords } from "./records.ts";

export interface KnownLaws {
  readonly name: string;
  readonly fitted: FittedLaws;
  readonly family: Family;
  /** What the laws were fitted on. */
  readonly range: { readonly N: readonly [number, number]; readonly D: readonly [number, number] };
  /** The best loss among the fitted runs: a teacher far below it is not known to be trainable. */
  readonly bestLoss: number;
  /** What to type before the runs of a plan, where this package can make them. */
  readonly command?: string;
  /** What a reader has to know about the intervals. */
  readonly note: string;
}

/** The paper's own measure of its accuracy, as a 90 % interval. */
const PUBLISHED_ERROR = 0.01;
/** Resampled fits of somebody's runs: a plan answers within two seconds. */
const [STARTS, RESAMPLES] = [8, 8];

/** @throws E_LAW for a name that is none, E_RUNS and E_FIT for a table that cannot be fitted */
export async function readLaws(name: string): Promise<KnownLaws> {
  if (Object.hasOwn(PRESETS, name)) return published(name);
  if (/\.json$/i.test(name)) return fromReport(name);
  if (/\.(jsonl|ndjson|csv)$/i.test(name)) return fromRuns(name, await readRecords(name));
  return fail(
    "E_LAW",
    `There is no law "${name}".`,
    `${didYouMean(name, Object.keys(PRESETS))} Or name a file: report.json, .jsonl or .csv.`,
  );
}

function published(name: string): KnownLaws {
  const laws = PRESETS[name]!;
  // Two values whose 5 and 95 per cent, on the line between them, are the error.
  const ends = [-PUBLISHED_ERROR / 0.9, PUBLISHED_ERROR / 0.9];
  return {
    name,
    fitted: { laws, pairs: [], residuals: { alone: ends, student: ends } },
    family: C4_FAMILY,
    range: { N: [1.43e8, 1.26e10], D: [1e9, 5e11] },
    bestLoss: supervisedLoss(laws.supervised, 7.75e9, 20 * 7.75e9),
    note: "Intervals are the paper's own accuracy, ± 1 %. The laws hold for C4 English, its tokeniser of 32,168 tokens and context 4096.",
  };
}

const pair = z.tuple([z.number(), z.number()]);
const number = z.number();
const supervised = z.object({ E: number, A: number, B: number, alpha: number, beta: number, gamma: number });
const distillation = z.object({
  ...{ A: number, B: number, alpha: number, beta: number, gamma: number },
  ...{ c0: number, kappa: number, p: number, d1: number },
});
const laws = z.object({ supervised, distillation });
const Fitted = z.object({
  system: z.literal("scaling-laws"),
  options: z.object({ text: z.string(), order: z.number() }),
  values: z.object({
    corpus: z.string(),
    family: z.object({ ratio: number, density: number, context: number, vocabulary: number }),
    laws,
    pairs: z.array(laws),
    residuals: z.object({ alone: z.array(number), student: z.array(number) }),
    range: z.object({ N: pair, D: pair, bestLoss: number }),
  }),
});

async function fromReport(file: string): Promise<KnownLaws> {
  const text = await readFile(file, "utf8").catch((cause: unknown) =>
    fail("E_LAW", `The report "${file}" cannot be read.`, "lyceum run scaling-laws makes one.", cause),
  );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    fail("E_LAW", `"${file}" is not JSON.`, "Name the report.json of lyceum run scaling-laws.", cause);
  }
  const result = Fitted.safeParse(value);
  if (!result.success) {
    return fail(
      "E_LAW",
      `"${file}" holds no fitted laws: ${result.error.issues[0]!.path.join(".")}: ${result.error.issues[0]!.message}.`,
      "Name the report.json of lyceum run scaling-laws.",
    );
  }
  const { values, options } = result.data;
  return {
    name: file,
    fitted: { laws: values.laws, pairs: values.pairs, residuals: values.residuals },
    family: values.family,
    range: values.range,
    bestLoss: values.range.bestLoss,
    command: `lyceum run scaling-laws --text ${options.text} --order ${options.order} --law ${file} --rates ${rateIn(value)}`,
    note: `Intervals hold 90 % of new runs: resampled fits and residuals. The laws hold for ${values.corpus} and this family of models.`,
  };
}

const rateIn = (report: unknown): number => Number((report as { values: { rate?: unknown } }).values.rate ?? 0.01);

function fromRuns(name: string, records: readonly RunRecord[]): KnownLaws {
  const alone = records.filter(({ role }) => role === "alone" || role === "teacher");
  const students = records.filter(({ role }) => role === "student").filter(isStudent);
  const fitted = fitBoth(alone, students, { resamples: RESAMPLES, starts: STARTS });
  const [first] = records;
  const known = first?.vocab && first.nCtx && first.dModel && first.layers;
  return {
    name,
    fitted,
    family: known
      ? { ratio: first.dModel! / first.layers!, density: 12, context: first.nCtx!, vocabulary: first.vocab! }
      : C4_FAMILY,
    range: { N: span(alone.map(({ N }) => N)), D: span(alone.map(({ D }) => D)) },
    bestLoss: Math.min(...alone.map(({ loss }) => loss)),
    note: `Fitted to ${alone.length} runs on data and ${students.length} students, ${(100 * fitted.supervised.error.mean).toFixed(2)} % and ${(100 * fitted.distillation.error.mean).toFixed(2)} % off in the mean; intervals from ${RESAMPLES} resampled fits and residuals.`,
  };
}

const span = (values: readonly number[]): [number, number] => [Math.min(...values), Math.max(...values)];
