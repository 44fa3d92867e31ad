/** Curricula without listing all orders: the published greedy generator, and a beam search on the score itself. */
import { fail } from "../../../errors.ts";
import { checkMatrix, type Matrix, rowNormalised } from "./distances.ts";
import type { Order } from "./orders.ts";
import { centrality, type Design } from "./score.ts";

export interface GreedyOptions {
  /** How many of the most central classes begin a curriculum each. */
  readonly starts?: number;
  /**
   * Compare with the class just placed, as the score does. The published code goes on comparing with the first class:
   * false reproduces it.
   */
  readonly advance?: boolean;
}

/**
 * Greedy curricula, one per start: the nearest unused class goes to the last free place, the farthest one to the first
 * free place, and so on. @throws E_CURRICULUM
 */
export function greedyCurricula(distances: Matrix, { starts = 2, advance = true }: GreedyOptions = {}): Order[] {
  const d = rowNormalised(checkMatrix(distances));
  const v = centrality(d);
  const size = d.length;
  const central = v.map((_, i) => i).sort((a, b) => v[a]! - v[b]! || a - b);
  return central.slice(0, starts).map((first) => {
    const order = new Array<number>(size).fill(-1);
    order[0] = first;
    const free = new Set(central.filter((c) => c !== first).sort((a, b) => a - b));
    const takeBest = (from: number, sign: 1 | -1): number => {
      let best = -1;
      for (const c of free) if (best < 0 || sign * d[from]![c]! > sign * d[from]![best]!) best = c;
      free.delete(best);
      return best;
    };
    let current = first;
    for (let low = 1, high = size - 1; free.size > 0; low++, high--) {
      order[high] = takeBest(current, -1);
      if (free.size > 0) order[low] = takeBest(current, 1);
      if (advance) current = order[low]!;
    }
    return order;
  });
}

interface Partial {
  /** c_1, c_2, ... as far as placed. */
  readonly head: readonly number[];
  /** c_K, c_{K-1}, ... as far as placed. */
  readonly tail: readonly number[];
  readonly score: number;
}

/**
 * The best orders by beam search: the score decomposes along the walk, which places one class at each end per step.
 * Exact when `width` holds all partial orders. Returns up to `count` orders, best first. @throws E_OPTION
 */
export function beamSearch(
  { size, start, next, end }: Design,
  { width = 200, count = 10 } = {},
): { order: Order; score: number }[] {
  if (width < 1 || count < 1)
    fail("E_OPTION", `A beam of ${width} for ${count} orders finds nothing.`, "Use at least 1.");
  const classes = start.map((_, c) => c);
  let beam: Partial[] = classes.map((c) => ({ head: [c], tail: [], score: start[c]! }));
  for (let left = size - 1; left > 0; left = Math.max(0, left - 2)) {
    const grown = beam.flatMap(({ head, tail, score }) => {
      const current = head.at(-1)!;
      const free = classes.filter((c) => !head.includes(c) && !tail.includes(c));
      if (left === 1) {
        const [c] = free as [number];
        return [{ head: [...head, c], tail, score: score + end[current]![c]! + next[current]![c]! }];
      }
      return free.flatMap((last) =>
        free
          .filter((c) => c !== last)
          .map((c) => ({
            head: [...head, c],
            tail: [...tail, last],
            score: score + end[current]![last]! + next[current]![c]!,
          })),
      );
    });
    beam = grown.sort((a, b) => b.score - a.score).slice(0, width);
  }
  return beam.slice(0, count).map(({ head, tail, score }) => ({ order: [...head, ...[...tail].reverse()], score }));
}
