/** From the cells of a sweep to what is judged: records of runs, laws fitted to them, their errors, crossings. */
import { mean } from "../../teaching/report/statistics.ts";
import type { Outcomes } from "../system.ts";
import { type Fit, fitSupervised, type StudentRun } from "./fit.ts";
import { type BothFits, type FittedLaws, fitBoth, type Prediction, predictStudent } from "./fit-both.ts";
import { type SupervisedLaw, supervisedLoss } from "./law.ts";
import type { Options } from "./options.ts";
import { type RunRecord, recordOf } from "./records.ts";

export const recordsOf = (outcomes: Outcomes): RunRecord[] =>
  [...outcomes].filter(([, { facts }]) => facts?.N !== undefined).map(([id, { facts }]) => recordOf(facts, `"${id}"`));

export interface Evidence {
  /** All runs on text alone that are long enough, teachers too, and all such students: the laws that plans are made with. */
  readonly final: BothFits;
  /** Without the longest runs. */
  readonly short: Fit<SupervisedLaw>;
  readonly heldOut: readonly RunRecord[];
  /** Mean relative error on the runs that `short` did not see. */
  readonly heldOutError: number;
  readonly alone: readonly RunRecord[];
  readonly students: readonly (RunRecord & StudentRun)[];
}

export const isStudent = (run: RunRecord): run is RunRecord & StudentRun => run.LT !== undefined;

/** Runs from here on are held out of the first fit. */
export const heldOutFrom = ({ heldOut, tokens }: Pick<Options, "heldOut" | "tokens">): number =>
  heldOut > 0 ? heldOut : Math.max(...tokens);

/** @throws E_FIT for too few runs */
export function evidenceOf(records: readonly RunRecord[], options: Options): Evidence {
  const long = records.filter(({ D }) => D >= options.fitFrom);
  const alone = long.filter(({ role }) => role === "alone" || role === "teacher");
  const students = long.filter(({ role }) => role === "student").filter(isStudent);
  const bound = heldOutFrom(options);
  const heldOut = alone.filter(({ role, D }) => role === "alone" && D >= bound);
  const short = fitSupervised(alone.filter((run) => !heldOut.includes(run)));
  const errors = heldOut.map(({ N, D, loss }) => Math.abs(supervisedLoss(short.law, N, D) / loss - 1));
  return {
    final: fitBoth(alone, students, { resamples: options.resamples }),
    short,
    heldOut,
    heldOutError: mean(errors),
    alone,
    students,
  };
}

export interface UnseenResult extends Prediction {
  readonly N: number;
  readonly D: number;
  readonly LT: number;
  readonly measured: number;
  readonly within: boolean;
}

/** Runs that no fit saw, against what the laws say of them. */
export function unseenResults(records: readonly RunRecord[], fitted: FittedLaws): UnseenResult[] {
  return records
    .filter(({ role }) => role === "unseen")
    .filter(isStudent)
    .map(({ N, D, LT, loss }) => {
      const prediction = predictStudent(fitted, { N, D }, { LT });
      const [low, high] = prediction.interval;
      return { N, D, LT, measured: loss, within: low <= loss && loss <= high, ...prediction };
    });
}

/** Distinct values in ascending order. */
export const distinct = (values: readonly number[]): number[] => [...new Set(values)].sort((a, b) => a - b);

/** Mean loss over the seeds, by tokens. */
export function curve(runs: readonly RunRecord[]): [tokens: number, loss: number][] {
  return distinct(runs.map(({ D }) => D)).map((D) => [D, mean(runs.filter((r) => r.D === D).map(({ loss }) => loss))]);
}

export interface Gain {
  readonly teacherId: string;
  readonly LT: number;
  readonly N: number;
  /** Loss on text alone less that with the teacher, nats, by tokens. */
  readonly points: readonly (readonly [tokens: number, gain: number])[];
  /** Tokens at which the gain goes from above to below 0, between two measured lengths; undefined where it does not. */
  readonly crossing?: number;
}

/** What each teacher was worth to each student, at equal tokens. */
export function gainsOf(records: readonly RunRecord[]): Gain[] {
  const students = records.filter(({ role }) => role === "student").filter(isStudent);
  const alone = records.filter(({ role }) => role === "alone");
  const teachers = [...new Set(students.map(({ teacherId = "" }) => teacherId))];
  return teachers.flatMap((teacherId) =>
    distinct(students.map(({ N }) => N)).flatMap((N): Gain[] => {
      const taught = students.filter((s) => s.teacherId === teacherId && s.N === N);
      // Pairs of the same seed only: they share their start and their text.
      const points = distinct(taught.map(({ D }) => D)).flatMap((D): [number, number][] => {
        const pairs = taught
          .filter((s) => s.D === D)
          .flatMap((s) => {
            const other = alone.find((a) => a.N === N && a.D === D && a.seed === s.seed);
            return other ? [other.loss - s.loss] : [];
          });
        return pairs.length > 0 ? [[D, mean(pairs)]] : [];
      });
      if (points.length === 0) return [];
      const crossing = crossingOf(points);
      return [{ teacherId, LT: taught[0]!.LT, N, points, ...(crossing !== undefined && { crossing }) }];
    }),
  );
}

/** The last change from gain to loss, on a line through log tokens. */
function crossingOf(points: readonly (readonly [number, number])[]): number | undefined {
  const at = points.findLastIndex(([, gain], i) => gain > 0 && (points[i + 1]?.[1] ?? 1) <= 0);
  if (at < 0) return undefined;
  const [[from, before], [to, after]] = [points[at]!, points[at + 1]!];
  return from * (to / from) ** (before / (before - after));
}
