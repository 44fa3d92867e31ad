/**
 * Binned Hamming distance of rankings (the published BinnedStringComparator): orders are sorted by their value,
 * ascending, and written column by column (all first classes, all second classes, ...). Within the bins of learner A
 * (equally wide in its F; the last one holds its best orders) the strings of A and of somebody else are compared
 * character by character. Lower is more alike; two random rankings differ in a share of about 1 - 1/K.
 */

import { mean } from "../../../teaching/report/statistics.ts";
import { type Key, random } from "../../../tensor/index.ts";
import type { Order } from "../design/orders.ts";
import { equalWidthBins } from "./overlap.ts";

/** Positions from the smallest value to the largest. */
export const ascending = (values: readonly number[]): number[] =>
  values.map((_, i) => i).sort((a, b) => values[a]! - values[b]! || a - b);

/** The string of a ranking between two places: column by column. */
export function stringOf(orders: readonly Order[], ranking: readonly number[], from: number, to: number): number[] {
  const columns = orders[0]?.length ?? 0;
  return Array.from({ length: columns }, (_, c) => ranking.slice(from, to).map((i) => orders[i]![c]!)).flat();
}

/** Share of differing characters per bin of `measured` (A's F); null for an empty bin. */
export function binnedHamming(
  orders: readonly Order[],
  measured: readonly number[],
  other: readonly number[],
  bins = 5,
): (number | null)[] {
  const [a, b] = [ascending(measured), ascending(other)];
  const binOf = equalWidthBins(measured, bins);
  const counts = new Array<number>(bins).fill(0);
  for (const bin of binOf) counts[bin]!++;
  let from = 0;
  return counts.map((count) => {
    const [start, end] = [from, (from += count)];
    if (count === 0) return null;
    const [x, y] = [stringOf(orders, a, start, end), stringOf(orders, b, start, end)];
    return x.filter((character, i) => character !== y[i]).length / x.length;
  });
}

export interface HammingComparison {
  readonly betweenLearners: number | null;
  readonly learnerDesigner: number;
  readonly learnerRandom: number;
}

/** Best bin: learners among each other, with the designer's scores, with random rankings; scaled to sum 1. */
export function compareBestBins(
  orders: readonly Order[],
  learners: readonly (readonly number[])[],
  scores: readonly number[],
  key: Key,
  draws = 100,
): HammingComparison {
  const best = (a: readonly number[], b: readonly number[]): number => binnedHamming(orders, a, b).at(-1)!;
  const pairs = learners.flatMap((a, i) => learners.flatMap((b, j) => (i === j ? [] : [best(a, b)])));
  const between = pairs.length > 0 ? mean(pairs) : null;
  const designer = mean(learners.map((a) => best(a, scores)));
  const randomly = mean(
    learners.flatMap((a) =>
      Array.from({ length: draws }, (_, i) => best(a, Array.from(random.permutation(random.fold(key, i), a.length)))),
    ),
  );
  const total = (between ?? 0) + designer + randomly;
  const share = (x: number) => (total === 0 ? 0 : x / total);
  return {
    betweenLearners: between === null ? null : share(between),
    learnerDesigner: share(designer),
    learnerRandom: share(randomly),
  };
}
