/**
 * What a learner leaves behind under one order, in the published terms: after task k, a_k is the mean accuracy over the
 * tasks 1..k (never over tasks still to come) and t_k the accuracy on the first task.
 */
import { fail } from "../../../errors.ts";

/** Curves of one order; index 0 is after the first task. */
export interface Curves {
  /** a_1 .. a_K */
  readonly avg: readonly number[];
  /** t_1 .. t_K */
  readonly t1: readonly number[];
}

/** α = a_K, the final average accuracy. */
export const finalAccuracy = ({ avg }: Curves): number => avg.at(-1)!;

/** β = t_1 - t_K, what is forgotten of the first task; t_1 is measured right after it. */
export const forgetting = ({ t1 }: Curves): number => t1[0]! - t1.at(-1)!;

/**
 * F = 2α / (βα + 1): the harmonic mean of α and 1/β, larger is better; 2α where nothing is forgotten. A negative β
 * (the first task got better) is taken as it is; the formula stays finite, since βα > -1 for shares.
 */
export const jointScore = (alpha: number, beta: number): number => (2 * alpha) / (beta * alpha + 1);

export const scoreCurves = (curves: Curves): number => jointScore(finalAccuracy(curves), forgetting(curves));

/** Curves averaged over runs, from which the published F is computed. @throws E_CURRICULUM */
export function meanCurves(runs: readonly Curves[]): Curves {
  const [first] = runs;
  if (!first || runs.some(({ avg, t1 }) => avg.length !== first.avg.length || t1.length !== first.t1.length)) {
    fail("E_CURRICULUM", "Curves can only be averaged over runs with the same number of tasks.");
  }
  const mean = (of: (c: Curves) => readonly number[]) =>
    of(first!).map((_, k) => runs.reduce((sum, run) => sum + of(run)[k]!, 0) / runs.length);
  return { avg: mean((c) => c.avg), t1: mean((c) => c.t1) };
}
