/**
 * A designer that learns its weights: the score is a sum of three terms (central start, dissimilar next, similar end)
 * with weights 1; here the weights are fitted by ridge regression to the measured F of some data sets and judged on a
 * data set that was left out. Terms and F are standardised within each data set, so that only the ranking counts.
 */
import { fail } from "../../../errors.ts";
import { type Key, random } from "../../../tensor/index.ts";
import { type Correlation, permutationTest } from "../measures/ranks.ts";
import type { Order } from "./orders.ts";
import { type Design, termsOf } from "./score.ts";

export type Weights = readonly [start: number, next: number, end: number];

/** One data set: the orders' terms and what was measured under them. */
export interface Experience {
  readonly name: string;
  /** [orders][3], as {@link featuresOf} gives them. */
  readonly features: readonly Weights[];
  readonly measured: readonly number[];
}

/** The three terms of an order, summed over the walk; with two classes in the first task, the mean over both. */
export function featuresOf(design: Design, order: Order, pairFirst = false): Weights {
  const { start, next, end } = termsOf(design, order);
  const total = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0);
  const own: Weights = [start, total(next), total(end)];
  if (!pairFirst) return own;
  const [a, b, ...rest] = order as [number, number, ...number[]];
  const swapped = featuresOf(design, [b, a, ...rest]);
  return [(own[0] + swapped[0]) / 2, (own[1] + swapped[1]) / 2, (own[2] + swapped[2]) / 2];
}

const standardised = (values: readonly number[]): number[] => {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const sd = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length);
  return values.map((x) => (sd === 0 ? 0 : (x - mean) / sd));
};

function standardisedRows(features: readonly Weights[]): Weights[] {
  const columns = [0, 1, 2].map((c) => standardised(features.map((row) => row[c]!)));
  return features.map((_, i) => [columns[0]![i]!, columns[1]![i]!, columns[2]![i]!]);
}

/** Minimises Σ (z·w - f)² / n + ridge·‖w‖² over all experiences, each counting the same. @throws E_CURRICULUM */
export function fitWeights(experiences: readonly Experience[], ridge = 0.01): Weights {
  if (experiences.length === 0 || !(ridge > 0)) {
    fail("E_CURRICULUM", `Weights cannot be fitted to ${experiences.length} data sets with a ridge of ${ridge}.`);
  }
  const gram = [0, 1, 2].map((i) => [0, 1, 2].map((j) => (i === j ? ridge : 0)));
  const right = [0, 0, 0];
  for (const { features, measured } of experiences) {
    const rows = standardisedRows(features);
    const f = standardised(measured);
    const weight = 1 / (rows.length * experiences.length);
    rows.forEach((row, r) => {
      for (let i = 0; i < 3; i++) {
        right[i]! += weight * row[i]! * f[r]!;
        for (let j = 0; j < 3; j++) gram[i]![j]! += weight * row[i]! * row[j]!;
      }
    });
  }
  return solve3(gram, right);
}

/** Cramer's rule: three equations need no pivoting with a ridge on the diagonal. */
function solve3(a: readonly (readonly number[])[], b: readonly number[]): Weights {
  const det = (m: readonly (readonly number[])[]) =>
    m[0]![0]! * (m[1]![1]! * m[2]![2]! - m[1]![2]! * m[2]![1]!) -
    m[0]![1]! * (m[1]![0]! * m[2]![2]! - m[1]![2]! * m[2]![0]!) +
    m[0]![2]! * (m[1]![0]! * m[2]![1]! - m[1]![1]! * m[2]![0]!);
  const all = det(a);
  const swapped = (column: number) => det(a.map((row, i) => row.map((x, j) => (j === column ? b[i]! : x)))) / all;
  return [swapped(0), swapped(1), swapped(2)];
}

/** Predicted worth of each order, up to the scale of the data set. */
export function predict(weights: Weights, features: readonly Weights[]): number[] {
  return standardisedRows(features).map((row) => row.reduce((sum, x, i) => sum + x * weights[i]!, 0));
}

export interface HeldOut extends Correlation {
  readonly name: string;
  /** Fitted without this data set. */
  readonly weights: Weights;
}

/** Leave one data set out: fit on the others, rank its orders. Needs at least two. */
export function leaveOneOut(experiences: readonly Experience[], key: Key, ridge?: number): HeldOut[] {
  if (experiences.length < 2) return [];
  return experiences.map((held, i) => {
    const weights = fitWeights(
      experiences.filter((_, j) => j !== i),
      ridge,
    );
    return {
      name: held.name,
      weights,
      ...permutationTest(predict(weights, held.features), held.measured, random.fold(key, i)),
    };
  });
}
