/** Ranks and rank correlation, with a p-value from keyed permutations. */
import { fail } from "../../../errors.ts";
import { type Key, random } from "../../../tensor/index.ts";

/** Ranks from 1, ascending; equal values share the mean of their ranks. */
export function averageRanks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const ranks = new Array<number>(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to + 1 < order.length && values[order[to + 1]!] === values[order[from]!]) to++;
    for (let i = from; i <= to; i++) ranks[order[i]!] = (from + to) / 2 + 1;
    from = to + 1;
  }
  return ranks;
}

/** Positions from the largest value to the smallest; equal values keep their order. */
export const descending = (values: readonly number[]): number[] =>
  values.map((_, i) => i).sort((a, b) => values[b]! - values[a]! || a - b);

/** Pearson's r; 0 where one side does not vary. @throws E_STATISTICS */
export function pearson(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length || a.length < 2) {
    fail("E_STATISTICS", `A correlation needs two lists of equal length from 2, got ${a.length} and ${b.length}.`);
  }
  const [x, y] = [centred(a), centred(b)];
  const norm = Math.sqrt(dot(x, x) * dot(y, y));
  return norm === 0 ? 0 : Math.max(-1, Math.min(1, dot(x, y) / norm));
}

/** Spearman's ρ: Pearson's r of the average ranks. */
export const spearman = (a: readonly number[], b: readonly number[]): number =>
  pearson(averageRanks(a), averageRanks(b));

export interface Correlation {
  readonly rho: number;
  /** Two-sided. */
  readonly p: number;
  readonly n: number;
}

/**
 * ρ and its two-sided permutation p-value, (1 + #{|ρ*| ≥ |ρ|}) / (1 + permutations): never 0, exact under the null
 * whatever the distributions (Phipson & Smyth 2010).
 */
export function permutationTest(
  a: readonly number[],
  b: readonly number[],
  key: Key,
  permutations = 2000,
): Correlation {
  const [x, y] = [centred(averageRanks(a)), centred(averageRanks(b))];
  const rho = spearman(a, b);
  const norm = Math.sqrt(dot(x, x) * dot(y, y));
  if (norm === 0) return { rho: 0, p: 1, n: a.length };
  // Rounding must not make a permutation that restores the ranks look smaller than the real thing.
  const bound = Math.abs(rho) - 1e-12;
  let hits = 0;
  const shuffled = Float64Array.from(y);
  const below = random.integers(random.fold(key, "permutations"));
  for (let i = 0; i < permutations; i++) {
    for (let last = shuffled.length - 1; last > 0; last--) {
      const other = below(last + 1);
      [shuffled[last], shuffled[other]] = [shuffled[other]!, shuffled[last]!];
    }
    if (Math.abs(dot(x, shuffled) / norm) >= bound) hits++;
  }
  return { rho, p: (1 + hits) / (1 + permutations), n: a.length };
}

function centred(values: readonly number[]): Float64Array {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Float64Array.from(values, (value) => value - mean);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
