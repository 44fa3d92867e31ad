/**
 * Is the effect of the order there at all? Agreement of repeated runs on the same orders: the intraclass correlation
 * with a permutation test, and split halves.
 */
import { type Key, random } from "../../../tensor/index.ts";
import { pearson } from "./ranks.ts";

/** values[order][run] */
export type Table = readonly (readonly number[])[];

/**
 * ICC(1,1) of Shrout & Fleiss 1979 (one-way: every run of every order has a seed of its own), (MSB - MSW) /
 * (MSB + (k - 1)·MSW): the share of variance that lies between orders. Null with fewer than two runs or orders; 0 where
 * nothing varies.
 */
export function icc(table: Table): number | null {
  const n = table.length;
  const k = table[0]?.length ?? 0;
  if (n < 2 || k < 2) return null;
  const means = table.map((row) => row.reduce((sum, x) => sum + x, 0) / k);
  const grand = means.reduce((sum, x) => sum + x, 0) / n;
  const between = (k * means.reduce((sum, m) => sum + (m - grand) ** 2, 0)) / (n - 1);
  const within =
    table.reduce((sum, row, i) => sum + row.reduce((s, x) => s + (x - means[i]!) ** 2, 0), 0) / (n * (k - 1));
  const below = between + (k - 1) * within;
  return below === 0 ? 0 : (between - within) / below;
}

/**
 * One-sided permutation p-value of the ICC: within every run the values are shuffled over the orders.
 * (1 + #{ICC* ≥ ICC}) / (1 + permutations).
 */
export function iccTest(table: Table, key: Key, permutations = 2000): { icc: number | null; p: number } {
  const measured = icc(table);
  if (measured === null) return { icc: null, p: 1 };
  const columns = table[0]!.map((_, run) => table.map((row) => row[run]!));
  let hits = 0;
  for (let i = 0; i < permutations; i++) {
    const shuffled = columns.map((column, run) => {
      const order = random.permutation(random.fold(random.fold(key, i), run), column.length);
      return column.map((_, j) => column[order[j]!]!);
    });
    if (icc(table.map((_, j) => shuffled.map((column) => column[j]!)))! >= measured - 1e-12) hits++;
  }
  return { icc: measured, p: (1 + hits) / (1 + permutations) };
}

/**
 * Split-half reliability: the correlation between the means of two halves of the runs, averaged over all ways to
 * halve them (for an odd number one run is left out in turn by the unequal halves), stepped up to the full length by
 * Spearman and Brown, 2r / (1 + r). Null with fewer than two runs.
 */
export function splitHalf(table: Table): number | null {
  const runs = table[0]?.length ?? 0;
  if (table.length < 2 || runs < 2) return null;
  const half = Math.floor(runs / 2);
  const parts = subsets(runs, half).slice(0, MOST_HALVES);
  const mean = (row: readonly number[], chosen: readonly number[]) =>
    chosen.reduce((sum, r) => sum + row[r]!, 0) / chosen.length;
  const correlations = parts.map((chosen) => {
    const rest = Array.from({ length: runs }, (_, r) => r).filter((r) => !chosen.includes(r));
    return pearson(
      table.map((row) => mean(row, chosen)),
      table.map((row) => mean(row, rest)),
    );
  });
  const r = correlations.reduce((sum, x) => sum + x, 0) / correlations.length;
  return r <= -1 ? -1 : (2 * r) / (1 + r);
}
const MOST_HALVES = 300;

function subsets(n: number, size: number, from = 0): number[][] {
  if (size === 0) return [[]];
  const out: number[][] = [];
  for (let i = from; i <= n - size; i++) for (const rest of subsets(n, size - 1, i + 1)) out.push([i, ...rest]);
  return out;
}
