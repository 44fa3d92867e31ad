/**
 * Fits the laws to runs (appendix F): the Huber loss of log-residuals, minimised from many starts, with intervals from
 * resampled runs. The width of the Huber loss shrinks from 1e-2 to the paper's 1e-4, where it is the absolute value for
 * all practical purposes: started there at once, most starts end in corners.
 */
import { fail } from "../../errors.ts";
import { mean } from "../../teaching/report/statistics.ts";
import { type Key, random } from "../../tensor/index.ts";
import { type DistillationLaw, type SupervisedLaw, supervisedLoss } from "./law.ts";
import { type Minimum, minimise } from "./minimise.ts";
import { DISTILLATION, type Form, type Row, SUPERVISED } from "./parameters.ts";

/** A finished run: parameters without embeddings, tokens, loss on data in nats per token. */
export interface Run {
  readonly N: number;
  readonly D: number;
  readonly loss: number;
}
/** A student's run: also the loss of its teacher. */
export interface StudentRun extends Run {
  readonly LT: number;
}

export interface Fit<L> {
  readonly law: L;
  /** Mean Huber loss of the log-residuals at the end. */
  readonly value: number;
  /** Mean and largest |predicted - measured| / measured. */
  readonly error: { readonly mean: number; readonly largest: number };
  /** 1 - Σ residual² / Σ deviation², in log loss. */
  readonly r2: number;
  /** 5 and 95 percentiles over resampled runs, by parameter; absent without resampling. */
  readonly intervals?: { readonly [K in keyof L]: readonly [number, number] };
  /** The laws of the resampled runs: intervals of predictions come from them. */
  readonly resampled: readonly L[];
  /** Runs that were left out, with why. */
  readonly dropped: readonly string[];
}

export interface FitOptions {
  /** Default 128. */
  readonly starts?: number;
  /** Resampled fits for intervals; default 0. */
  readonly resamples?: number;
  readonly key?: Key;
  /** Laws to start from, besides. */
  readonly from?: readonly unknown[];
  /** Squared residuals in place of Huber's: for comparisons. */
  readonly squared?: boolean;
}

/** Of Huber's loss, in steps. */
const DELTAS = [1e-2, 1e-3, 1e-4];
/** Starts that are followed to the end: half of them, up to so many. */
const FINALISTS = 12;
/** Below its teacher's loss by more than this a student lies outside the law (section 2.4). */
const BELOW = 0.005;

/** @throws E_FIT for too few runs or impossible numbers */
export function fitSupervised(runs: readonly Run[], options: FitOptions = {}): Fit<SupervisedLaw> {
  return fitForm(SUPERVISED, runs.map(rowOf), [], options);
}

/** The supervised law stays as it is. Students below their teacher's loss are left out and named. @throws E_FIT */
export function fitDistillation(
  runs: readonly StudentRun[],
  supervised: SupervisedLaw,
  options: FitOptions = {},
): Fit<DistillationLaw> {
  const outside = runs.filter(({ loss, LT }) => loss < LT - BELOW);
  const rows = runs
    .filter((run) => !outside.includes(run))
    .map((run): Row => {
      const row = rowOf(run);
      if (!(run.LT > 0))
        fail("E_FIT", `A student has a teacher of loss ${run.LT}.`, "Losses are nats per token, above 0.");
      return { ...row, logTeacher: Math.log(run.LT), logAlone: Math.log(supervisedLoss(supervised, run.N, run.D)) };
    });
  const dropped = outside.map(({ N, D, loss, LT }) => `N ${N}, D ${D}: its loss ${loss} is below its teacher's, ${LT}`);
  return fitForm(DISTILLATION, rows, dropped, options);
}

function rowOf({ N, D, loss }: Run): Row {
  if (![N, D, loss].every((v) => v > 0 && Number.isFinite(v)))
    fail("E_FIT", `A run has N ${N}, D ${D}, loss ${loss}.`, "All three must be finite numbers above 0.");
  return { logN: Math.log(N), logD: Math.log(D), logLoss: Math.log(loss) };
}

function fitForm<L>(form: Form<L>, rows: readonly Row[], dropped: readonly string[], options: FitOptions): Fit<L> {
  const { starts = 128, resamples = 0, key = random.key(0), squared = false, from = [] } = options;
  if (rows.length <= form.size)
    fail("E_FIT", `${rows.length} runs cannot fix ${form.size} numbers.`, "Add runs of other sizes and lengths.");
  const known = from.map((law) => form.write(law as L));
  const best = search(form, rows, [...known, ...haltons(starts, form.box)], squared);
  const laws = Array.from({ length: resamples }, (_, i) => {
    const draw = random.integers(random.fold(key, i));
    const sample = rows.map(() => rows[draw(rows.length)]!);
    const others = haltons(4, form.box, 1 + starts + 4 * i);
    return search(form, sample, [best.x, ...others], squared);
  });
  const residuals = rows.map((row) => form.predict(best.x, row) - row.logLoss);
  const errors = residuals.map((r) => Math.abs(Math.expm1(r)));
  const middle = mean(rows.map(({ logLoss }) => logLoss));
  const spread = rows.reduce((sum, { logLoss }) => sum + (logLoss - middle) ** 2, 0);
  const resampled = laws.map(({ x }) => form.read(x));
  const law = form.read(best.x);
  return {
    law,
    value: best.value,
    error: { mean: mean(errors), largest: Math.max(...errors) },
    r2: 1 - residuals.reduce((sum, r) => sum + r * r, 0) / spread,
    ...(resamples > 0 && { intervals: intervalsOf(law, resampled) }),
    resampled,
    dropped,
  };
}

/** All starts roughly, the best of them to the end. */
function search<L>(
  form: Form<L>,
  rows: readonly Row[],
  starts: readonly ArrayLike<number>[],
  squared: boolean,
): Minimum {
  const [rough, ...fine] = squared ? [undefined] : DELTAS;
  const first = starts
    .map((start) => minimise(objective(form, rows, rough), start, 150))
    .filter(({ value }) => Number.isFinite(value))
    .sort((a, b) => a.value - b.value)
    .slice(0, Math.max(2, Math.min(FINALISTS, starts.length >> 1)));
  const ends = first.map((from) =>
    (squared ? [undefined] : fine).reduce<Minimum>((at, delta) => minimise(objective(form, rows, delta), at.x), from),
  );
  const best = ends.sort((a, b) => a.value - b.value)[0];
  return best ?? fail("E_FIT", "No start led to a finite loss.", "Check the runs for impossible numbers.");
}

/** Mean loss of the residuals over `delta`, which keeps gradients of one size. Without `delta`: squares. */
export function objective<L>(form: Form<L>, rows: readonly Row[], delta: number | undefined) {
  return (x: Float64Array, gradient: Float64Array): number => {
    gradient.fill(0);
    let total = 0;
    for (const row of rows) {
      form.predict(x, row, gradient, (predicted) => {
        const r = predicted - row.logLoss;
        const inside = delta === undefined || Math.abs(r) <= delta;
        total += delta === undefined ? r * r : inside ? (r * r) / (2 * delta) : Math.abs(r) - delta / 2;
        return (delta === undefined ? 2 * r : inside ? r / delta : Math.sign(r)) / rows.length;
      });
    }
    return total / rows.length;
  };
}

const PRIMES = [2, 3, 5, 7, 11, 13, 17, 19, 23];

/** Points that fill a box evenly (Halton 1960). */
function haltons(count: number, box: readonly (readonly [number, number])[], skip = 1): Float64Array[] {
  return Array.from({ length: count }, (_, i) =>
    Float64Array.from(box, ([low, high], axis) => low + (high - low) * radicalInverse(i + skip, PRIMES[axis]!)),
  );
}

function radicalInverse(index: number, base: number): number {
  let [result, digit] = [0, 1 / base];
  for (let i = index; i > 0; i = Math.floor(i / base), digit /= base) result += (i % base) * digit;
  return result;
}

function intervalsOf<L>(law: L, resampled: readonly L[]): { readonly [K in keyof L]: readonly [number, number] } {
  const names = Object.keys(law as object) as (keyof L & string)[];
  return Object.fromEntries(
    names.map((name) => [name, percentiles(resampled.map((l) => l[name] as number))]),
  ) as unknown as { [K in keyof L]: readonly [number, number] };
}

/** 5 and 95 per cent, linear between neighbours. */
export function percentiles(values: readonly number[]): [number, number] {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => {
    const place = share * (sorted.length - 1);
    const low = Math.floor(place);
    return sorted[low]! + (place - low) * ((sorted[low + 1] ?? sorted[low]!) - sorted[low]!);
  };
  return [at(0.05), at(0.95)];
}
