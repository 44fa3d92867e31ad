/**
 * Stratified splitting: a validation part taken out of a training part, class by class, by key.
 *
 * Every class gives the same share, rounded so that the total is exact (largest remainders), because a validation set
 * that misses a class makes per-class exams undefined. Both parts keep the original order of their examples.
 */
import { fail } from "../errors.ts";
import { fold, type Key, key as makeKey, permutation } from "../tensor/random.ts";
import { type ArrayDataset, classCounts, countOf, take } from "./dataset.ts";

/** Share and ceiling of the validation part that is taken from training data when a dataset brings none. */
export const VALIDATION_SHARE = 0.1;
export const VALIDATION_LIMIT = 5000;

/** The key of the default validation part: fixed, so that everybody validates on the same examples. */
export const validationKey = (): Key => makeKey(0x7a11da7e);

/**
 * Indices of a stratified sample of `size` examples and of the rest, both ascending.
 * @throws E_DATA_SPLIT when `size` leaves either part empty.
 */
export function stratify(
  dataset: Pick<ArrayDataset, "labels" | "classes" | "name">,
  size: number,
  key: Key,
): { sample: Int32Array; rest: Int32Array } {
  const count = countOf(dataset);
  if (!Number.isInteger(size) || size < 1 || size >= count) {
    fail(
      "E_DATA_SPLIT",
      `A part of ${size} examples was asked of "${dataset.name}", which has ${count}.`,
      `Ask for a whole number between 1 and ${count - 1}.`,
    );
  }
  const quota = shares(classCounts(dataset), size);
  const members = Array.from(dataset.classes, (): number[] => []);
  for (let i = 0; i < count; i++) members[dataset.labels[i]!]!.push(i);

  const chosen = new Uint8Array(count);
  members.forEach((ids, label) => {
    const order = permutation(fold(key, label), ids.length);
    for (let i = 0; i < quota[label]!; i++) chosen[ids[order[i]!]!] = 1;
  });
  const sample = new Int32Array(size);
  const rest = new Int32Array(count - size);
  let s = 0;
  let r = 0;
  for (let i = 0; i < count; i++) {
    if (chosen[i]) sample[s++] = i;
    else rest[r++] = i;
  }
  return { sample, rest };
}

/** `counts` scaled to sum to `total`: floors first, the remaining ones to the largest remainders (ties: lower class). */
function shares(counts: Int32Array, total: number): Int32Array {
  const all = counts.reduce((sum, n) => sum + n, 0);
  const exact = Array.from(counts, (n) => (n * total) / all);
  const quota = Int32Array.from(exact, Math.floor);
  let missing = total - quota.reduce((sum, n) => sum + n, 0);
  const byRemainder = exact.map((e, label) => ({ label, remainder: e % 1 }));
  byRemainder.sort((a, b) => b.remainder - a.remainder || a.label - b.label);
  for (const { label } of byRemainder) {
    if (missing === 0) break;
    if (quota[label]! < counts[label]!) {
      quota[label]!++;
      missing--;
    }
  }
  return quota;
}

/** Splits a training part in two: what stays for training and a stratified validation part. */
export function holdOut(
  dataset: ArrayDataset,
  {
    size = Math.max(1, Math.min(VALIDATION_LIMIT, Math.round(countOf(dataset) * VALIDATION_SHARE))),
    key = validationKey(),
    name = "validation",
  }: { size?: number; key?: Key; name?: string } = {},
): { train: ArrayDataset; held: ArrayDataset } {
  const { sample, rest } = stratify(dataset, size, key);
  const base = dataset.name.replace(/\/[^/]*$/, "");
  return { train: take(dataset, rest), held: take(dataset, sample, `${base}/${name}`) };
}
