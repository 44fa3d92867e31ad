/**
 * Agreement between what was designed and what was measured, as overlaps of lists: the top N by F inside the designed
 * set, designed orders per bin of F, and recall at k of one learner's list (the published version joins the lists of
 * three learners in the numerator, which inflates it up to threefold over its own random baseline).
 */
import { type Key, random } from "../../../tensor/index.ts";
import { quantile } from "../design/score.ts";
import { descending } from "./ranks.ts";

export interface Overlap {
  readonly top: number;
  /** Orders of the top that are in the designed set. */
  readonly hits: number;
  /** What chance gives. */
  readonly expected: number;
  /** P(at least as many by chance): hypergeometric, one-sided. */
  readonly p: number;
}

export function topOverlap(measured: readonly number[], designed: readonly number[], top: number): Overlap {
  const n = measured.length;
  const size = Math.min(top, n);
  const chosen = new Set(designed);
  const hits = descending(measured)
    .slice(0, size)
    .filter((i) => chosen.has(i)).length;
  let p = 0;
  for (let h = hits; h <= Math.min(size, chosen.size); h++) {
    p += Math.exp(logChoose(chosen.size, h) + logChoose(n - chosen.size, size - h) - logChoose(n, size));
  }
  return { top: size, hits, expected: (size * chosen.size) / n, p: Math.min(1, p) };
}

function logChoose(n: number, k: number): number {
  if (k < 0 || k > n) return Number.NEGATIVE_INFINITY;
  let sum = 0;
  for (let i = 1; i <= k; i++) sum += Math.log((n - k + i) / i);
  return sum;
}

/** |top k of one list ∩ top k of the other| / k for k = 1..most. Chance is k / n. */
export function recallAt(measured: readonly number[], scores: readonly number[], most = 30): number[] {
  const [a, b] = [descending(measured), descending(scores)];
  const inA = new Set<number>();
  const inB = new Set<number>();
  let common = 0;
  return Array.from({ length: Math.min(most, a.length) }, (_, i) => {
    const [x, y] = [a[i]!, b[i]!];
    if (inB.has(x)) common++;
    if (inA.has(y)) common++;
    if (x === y) common++;
    inA.add(x);
    inB.add(y);
    return common / (i + 1);
  });
}

/** Bin of each value in `bins` equally wide ones over their range; the last one is the best. */
export function equalWidthBins(values: readonly number[], bins = 5): number[] {
  const low = Math.min(...values);
  const width = Math.max(...values) - low;
  return values.map((value) => (width === 0 ? 0 : Math.min(bins - 1, Math.floor(((value - low) / width) * bins))));
}

export interface BinCount {
  readonly orders: number;
  readonly designed: number;
  /** Mean and 95 % range of random sets of the same size. */
  readonly chance: number;
  readonly range: readonly [number, number];
}

/** Designed orders per bin of F, against `draws` random sets. */
export function designedPerBin(
  measured: readonly number[],
  designed: readonly number[],
  key: Key,
  { bins = 5, draws = 100 } = {},
): BinCount[] {
  const binOf = equalWidthBins(measured, bins);
  const count = (set: ArrayLike<number>) => {
    const out = new Array<number>(bins).fill(0);
    for (let i = 0; i < set.length; i++) out[binOf[set[i]!]!]!++;
    return out;
  };
  const real = count(designed);
  const all = count(measured.map((_, i) => i));
  const chance = Array.from({ length: draws }, (_, i) =>
    count(random.permutation(random.fold(key, i), measured.length).subarray(0, designed.length)),
  );
  return real.map((hits, bin) => {
    const values = chance.map((counts) => counts[bin]!);
    return {
      orders: all[bin]!,
      designed: hits,
      chance: values.reduce((sum, x) => sum + x, 0) / draws,
      range: [quantile(values, 0.025), quantile(values, 0.975)],
    };
  });
}
