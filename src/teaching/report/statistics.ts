/**
 * Means and 95 % intervals: over seeds (Student's t), paired by seed, and over the test examples of one seed.
 */
import { fail } from "../../errors.ts";
import { studentQuantile } from "./student-t.ts";

/** @throws E_STATISTICS when empty or not finite */
export function mean(values: readonly number[]): number {
  if (values.length === 0) fail("E_STATISTICS", "The mean of no values does not exist.", "Give at least one value.");
  const bad = values.find((value) => !Number.isFinite(value));
  if (bad !== undefined)
    fail("E_STATISTICS", `A measured value is ${bad}; only finite numbers can be averaged.`, "Did this run diverge?");
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Sample standard deviation (divided by n - 1); 0 for a single value. */
export function standardDeviation(values: readonly number[]): number {
  const centre = mean(values);
  // Equal values must give exactly 0, not the rounding error of their mean: verdicts look at it.
  if (values.length < 2 || values.every((value) => value === values[0])) return 0;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
}

/** mean ± t(0.975, n - 1) · sd / √n; null with fewer than two values. In the unit of the values. */
export function interval95(values: readonly number[]): [number, number] | null {
  if (values.length < 2) return null;
  const centre = mean(values);
  const half = (studentQuantile(0.975, values.length - 1) * standardDeviation(values)) / Math.sqrt(values.length);
  return [centre - half, centre + half];
}

export interface Difference {
  values: number[];
  mean: number;
  ci95: [number, number] | null;
}

/** a minus b, seed by seed: what both share (data order, split) cancels, so the interval is narrower. @throws E_PAIR */
export function pairedDifference(a: readonly number[], b: readonly number[]): Difference {
  if (a.length !== b.length)
    fail(
      "E_PAIR",
      `A paired difference needs one value per seed on both sides, got ${a.length} and ${b.length}.`,
      "Run both arms on the same seeds, in the same order.",
    );
  const values = a.map((value, i) => value - b[i]!);
  return { values, mean: mean(values), ci95: interval95(values) };
}

/** 0.975 quantile of the normal distribution. */
const Z95 = 1.959963984540054;

/**
 * Difference in accuracy of two models on the same test examples, with a 95 % interval over examples: what a
 * single seed can say. It knows nothing of the luck of training, so it never replaces an interval over seeds.
 *
 * With n10 (only a right) and n01 (only b right) of n examples the difference is (n10 - n01) / n. The interval is
 * the Wald interval after adding ½ to each cell of the 2 × 2 table, which keeps its coverage where the plain one
 * (the square root of McNemar's statistic) collapses, such as n10 = n01 = 0.
 * Source: Agresti & Min, "Simple improved confidence intervals for comparing matched proportions",
 * Statistics in Medicine 24 (2005) 729-740.
 *
 * @returns shares between -1 and 1 @throws E_PAIR
 */
export function pairedAccuracyInterval(
  correctA: ArrayLike<boolean | number>,
  correctB: ArrayLike<boolean | number>,
): { mean: number; ci95: [number, number]; onlyA: number; onlyB: number } {
  const n = correctA.length;
  if (n !== correctB.length || n === 0)
    fail(
      "E_PAIR",
      `Both models must be judged on the same test examples, got ${n} and ${correctB.length}.`,
      "Give one true/false (or 1/0) per example, in the same order.",
    );
  let onlyA = 0;
  let onlyB = 0;
  for (let i = 0; i < n; i++) {
    if (correctA[i] && !correctB[i]) onlyA++;
    if (!correctA[i] && correctB[i]) onlyB++;
  }
  const adjusted = n + 2;
  const p10 = (onlyA + 0.5) / adjusted;
  const p01 = (onlyB + 0.5) / adjusted;
  const half = Z95 * Math.sqrt((p10 + p01 - (p10 - p01) ** 2) / adjusted);
  const centre = p10 - p01;
  return {
    mean: (onlyA - onlyB) / n,
    ci95: [Math.max(-1, centre - half), Math.min(1, centre + half)],
    onlyA,
    onlyB,
  };
}
