/**
 * Both laws of a sweep, and what they are worth for a run that has not been made: resampled pairs of laws (each
 * distillation law stands on the supervised law of the same resampling) and the residuals of the fit. A prediction's
 * interval is the spread of pair + residual, because a new run has both errors.
 */
import { fail } from "../../errors.ts";
import { type Key, random } from "../../tensor/index.ts";
import { type Fit, fitDistillation, fitSupervised, percentiles, type Run, type StudentRun } from "./fit.ts";
import {
  type DistillationLaw,
  type Laws,
  logStudentLoss,
  type SupervisedLaw,
  studentLoss,
  supervisedLoss,
} from "./law.ts";

/** What predictions need, as plain data. */
export interface FittedLaws {
  readonly laws: Laws;
  /** Of resampled runs. */
  readonly pairs: readonly Laws[];
  /** log(predicted / measured) of the runs that were fitted, widened for the parameters that they were fitted with. */
  readonly residuals: { readonly alone: readonly number[]; readonly student: readonly number[] };
}

export interface BothFits extends FittedLaws {
  readonly supervised: Fit<SupervisedLaw>;
  readonly distillation: Fit<DistillationLaw>;
}

export interface FitBothOptions {
  readonly resamples?: number;
  readonly starts?: number;
  readonly key?: Key;
}

/** Parameters of the two laws. */
const [OF_SUPERVISED, OF_DISTILLATION] = [6, 9];

/** @throws E_FIT */
export function fitBoth(
  alone: readonly Run[],
  students: readonly StudentRun[],
  { resamples = 100, starts = 96, key = random.key(0) }: FitBothOptions = {},
): BothFits {
  const supervised = fitSupervised(alone, { resamples, starts, key: random.fold(key, "alone") });
  const first = fitDistillation(students, supervised.law, { starts });
  const laws = { supervised: supervised.law, distillation: first.law };
  const resampled = supervised.resampled.map((law, i): Laws => {
    const draw = random.integers(random.fold(random.fold(key, "students"), i));
    const sample = students.map(() => students[draw(students.length)]!);
    const again = fitDistillation(sample, law, { starts: 2, from: [first.law] });
    return { supervised: law, distillation: again.law };
  });
  // A resampling that leaves a parameter undetermined may send it beyond all numbers.
  const pairs = resampled.filter(({ distillation: d }) => Object.values(d).every((v: number) => Number.isFinite(v)));
  const intervals = spreadOf(pairs.map(({ distillation }) => distillation));
  const distillation = {
    ...first,
    ...(intervals && { intervals }),
    resampled: pairs.map((pair) => pair.distillation),
  };
  return { laws, pairs, supervised, distillation, residuals: residualsOf(laws, alone, students) };
}

function residualsOf(laws: Laws, alone: readonly Run[], students: readonly StudentRun[]): FittedLaws["residuals"] {
  const widened = (values: readonly number[], fitted: number) => {
    const factor = Math.sqrt(values.length / Math.max(1, values.length - fitted));
    return values.map((v) => v * factor);
  };
  const inside = students.filter(({ loss, LT }) => loss >= LT);
  return {
    alone: widened(
      alone.map(({ N, D, loss }) => Math.log(supervisedLoss(laws.supervised, N, D) / loss)),
      OF_SUPERVISED,
    ),
    student: widened(
      inside.map((run) => Math.log(studentLoss(laws, run) / run.loss)),
      OF_DISTILLATION,
    ),
  };
}

function spreadOf<L extends object>(laws: readonly L[]): { [K in keyof L]: [number, number] } | undefined {
  if (laws.length === 0) return undefined;
  const names = Object.keys(laws[0]!) as (keyof L)[];
  return Object.fromEntries(names.map((n) => [n, percentiles(laws.map((l) => l[n] as number))])) as never;
}

export interface Prediction {
  readonly loss: number;
  /** 90 % of new runs lie within. */
  readonly interval: readonly [number, number];
}

/** Of a model on data alone. */
export function predictAlone(fitted: FittedLaws, N: number, D: number): Prediction {
  return spread(
    supervisedLoss(fitted.laws.supervised, N, D),
    fitted.pairs.map(({ supervised }) => supervisedLoss(supervised, N, D)),
    fitted.residuals.alone,
  );
}

/**
 * Of a student. The teacher's loss was measured (LT), or follows from its size and tokens, and is then as uncertain as
 * the law that says it.
 */
export function predictStudent(
  fitted: FittedLaws,
  student: { readonly N: number; readonly D: number },
  teacher: { readonly LT: number } | { readonly N: number; readonly D: number },
): Prediction {
  const lossOf = (laws: Laws) => ("LT" in teacher ? teacher.LT : supervisedLoss(laws.supervised, teacher.N, teacher.D));
  const at = (laws: Laws) => {
    const LT = lossOf(laws);
    const alone = Math.log(supervisedLoss(laws.supervised, student.N, student.D));
    return Math.exp(logStudentLoss(laws.distillation, alone, { ...student, LT }));
  };
  return spread(at(fitted.laws), fitted.pairs.map(at), fitted.residuals.student);
}

/** Centre and 5 to 95 per cent of every resampled prediction less every residual. */
function spread(loss: number, others: readonly number[], residuals: readonly number[]): Prediction {
  if (residuals.length === 0) fail("E_FIT", "A prediction needs residuals for its interval.", "Fit the laws to runs.");
  const centres = others.length > 0 ? others : [loss];
  const all = centres.flatMap((centre) => residuals.map((r) => Math.log(centre) - r));
  const [low, high] = percentiles(all).map(Math.exp) as [number, number];
  return { loss, interval: [Math.min(low, loss), Math.max(high, loss)] };
}
