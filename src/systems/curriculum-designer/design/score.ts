/**
 * The designer's score of an order, without training anything (Curriculum Designer, "ScoreCurriculum").
 *
 * Start with a central class (small variance of its distances), go on with a class unlike the current one, and keep the
 * classes that are like the current one for the end, where they refresh it. With row-normalised distances D and
 * v̂_i = var_j D_ij / Σ v (population variance, the diagonal included), the walk
 *
 *     S = 1 - v̂[c_1];  cur = c_1;  for i = 1, 2, ...:  S += (1 - D[cur][c_{K+1-i}]) + D[cur][c_{1+i}];  cur = c_{1+i}
 *
 * ends when all K classes are covered. With an even K the last class enters as both: net 1. The rank variant replaces
 * distances by places in the sorted lists, so it depends on their order only.
 */
import { fail } from "../../../errors.ts";
import { averageRanks } from "../measures/ranks.ts";
import { checkMatrix, type Matrix, rowNormalised } from "./distances.ts";
import { canonical, type Order } from "./orders.ts";

export const VARIANTS = ["float", "int"] as const;
export type Variant = (typeof VARIANTS)[number];

/** What a designer knows of K classes: all terms that an order can collect. */
export interface Design {
  readonly size: number;
  /** [K]: worth of beginning with a class. */
  readonly start: readonly number[];
  /** [K][K]: worth of `to` next, standing at `from`. */
  readonly next: Matrix;
  /** [K][K]: worth of `to` in the last free place, standing at `from`. */
  readonly end: Matrix;
}

/** Population variance of each row, scaled to sum 1. */
export function centrality(normalised: Matrix): number[] {
  const variances = normalised.map((row) => {
    const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
    return row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / row.length;
  });
  const total = variances.reduce((sum, value) => sum + value, 0);
  return variances.map((value) => (total > 0 ? value / total : 1 / variances.length));
}

/** From raw distances. @throws E_CURRICULUM */
export function designOf(distances: Matrix, variant: Variant = "float"): Design {
  const d = rowNormalised(checkMatrix(distances));
  const v = centrality(d);
  const size = d.length;
  if (variant === "float") {
    return { size, start: v.map((x) => 1 - x), next: d, end: d.map((row) => row.map((x) => 1 - x)) };
  }
  // Places from 1 (nearest, smallest variance); equal values share their place.
  const places = d.map((row, i) => {
    const others = row.flatMap((value, j) => (j === i ? [] : [rounded(value)]));
    const ranks = averageRanks(others);
    return row.map((_, j) => (j === i ? 0 : ranks[j < i ? j : j - 1]!));
  });
  return {
    size,
    start: averageRanks(v.map(rounded)).map((rank) => size + 1 - rank),
    next: places,
    end: places.map((row) => row.map((place) => size - place)),
  };
}

/** Values that differ by rounding errors only are equal. */
const rounded = (value: number): number => Number(value.toPrecision(12));

export interface Terms {
  readonly start: number;
  readonly next: readonly number[];
  readonly end: readonly number[];
}

/** The terms of an order in the sequence in which the walk meets them. @throws E_CURRICULUM */
export function termsOf({ size, start, next, end }: Design, order: Order): Terms {
  if (order.length !== size || new Set(order).size !== size || order.some((c) => !(c >= 0 && c < size))) {
    fail("E_CURRICULUM", `[${order}] is no order of the classes 0..${size - 1}.`, "Name each class once.");
  }
  const terms = { start: start[order[0]!]!, next: [] as number[], end: [] as number[] };
  let current = order[0]!;
  for (let i = 1, covered = 1; covered < size; i++, covered += 2) {
    terms.end.push(end[current]![order[size - i]!]!);
    terms.next.push(next[current]![order[i]!]!);
    current = order[i]!;
  }
  return terms;
}

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

/** S of one order. */
export function scoreOf(design: Design, order: Order): number {
  const { start, next, end } = termsOf(design, order);
  return start + total(next) + total(end);
}

/** S of each order. Where the first task holds two classes, the mean over which of them counts as the first. */
export function scoresOf(design: Design, orders: readonly Order[], pairFirst = false): number[] {
  return orders.map((order) => {
    if (!pairFirst || order.length < 2) return scoreOf(design, order);
    const [a, b, ...rest] = canonical(order, true) as [number, number, ...number[]];
    return (scoreOf(design, [a, b, ...rest]) + scoreOf(design, [b, a, ...rest])) / 2;
  });
}

/** Linear interpolation between order statistics, as NumPy's default. `q` from 0 to 1. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = Math.floor(at);
  return sorted[low]! + (at - low) * ((sorted[low + 1] ?? sorted[low]!) - sorted[low]!);
}

/** Positions of the designed set: the orders that score above the 75th percentile (30 of 120). */
export function designedSet(scores: readonly number[]): number[] {
  const bound = quantile(scores, 0.75);
  return scores.flatMap((score, i) => (score > bound ? [i] : []));
}
