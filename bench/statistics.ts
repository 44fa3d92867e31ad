/**
 * Paired ratios: two programs that take turns share the weather of a noisy machine, so each round gives one ratio of
 * medians, and the median over rounds is reported with its quartiles. The ratio of minima stands beside it: the
 * fastest step of each is what the machine can do when nobody else wants it.
 */
import { median } from "../src/teaching/exams/latency.ts";

export { median };

/** Linear interpolation between order statistics (Hyndman & Fan 1996, type 7). `q` in 0..1. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = Math.floor(at);
  return sorted[low]! + (at - low) * (sorted[Math.min(low + 1, sorted.length - 1)]! - sorted[low]!);
}

export interface Ratio {
  /** Median over rounds of (median of ours / median of theirs). */
  readonly median: number;
  /** Lower and upper quartile over rounds. */
  readonly quartiles: readonly [number, number];
  /** Fastest step of ours over fastest step of theirs. */
  readonly ofMinima: number;
  readonly rounds: number;
}

/** Milliseconds per step, by round; a round that one side sat out is undefined. Nothing without a common round. */
export function pairedRatio(ours: Rounds, theirs: Rounds): Ratio | undefined {
  const ratios = ours.flatMap((mine, i) => {
    const other = theirs[i];
    return mine && other ? [median(mine) / median(other)] : [];
  });
  if (ratios.length === 0) return undefined;
  return {
    median: median(ratios),
    quartiles: [quantile(ratios, 0.25), quantile(ratios, 0.75)],
    ofMinima: Math.min(...stepsOf(ours)) / Math.min(...stepsOf(theirs)),
    rounds: ratios.length,
  };
}

export type Rounds = readonly (readonly number[] | undefined)[];

export const stepsOf = (rounds: Rounds): number[] => rounds.flatMap((r) => r ?? []);
