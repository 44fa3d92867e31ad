/**
 * Applying the merges of a BPE to one word: always the earliest merge that applies, the leftmost place first.
 *
 * Words may be long (a text without spaces is one word), so the places are in a heap, which makes it n log n. A place is
 * one number, rank * 2^26 + position: numbers compare faster than objects.
 */
import { pop, push } from "./heap.ts";

export interface MergeTable {
  /** left * 2^26 + right -> rank. */
  readonly ranks: ReadonlyMap<number, number>;
  /** Token made by each rank. */
  readonly made: Int32Array;
}

const SHIFT = 2 ** 26;
const smaller = (a: number, b: number): boolean => a < b;
export const pairKey = (left: number, right: number): number => left * SHIFT + right;

/** A table from triples (left, right, made), the earliest first. Of a pair given twice the later rank holds, as in Rust. */
export function mergeTable(merges: readonly (readonly [number, number, number])[]): MergeTable {
  const ranks = new Map<number, number>();
  merges.forEach(([left, right], rank) => void ranks.set(pairKey(left, right), rank));
  return { ranks, made: Int32Array.from(merges, ([, , made]) => made) };
}

/** The tokens of a word after all merges that apply; `word` is used up. */
export function applyMerges(word: Int32Array, { ranks, made }: MergeTable): Int32Array {
  const n = word.length;
  if (n < 2) return word;
  // A linked list over positions; a merged-away position has the token -1.
  const next = Int32Array.from({ length: n }, (_, i) => i + 1);
  const previous = Int32Array.from({ length: n }, (_, i) => i - 1);
  const heap: number[] = [];
  const offer = (i: number) => {
    const j = next[i]!;
    if (j >= n) return;
    const rank = ranks.get(pairKey(word[i]!, word[j]!));
    if (rank !== undefined) push(heap, rank * SHIFT + i, smaller);
  };
  for (let i = 0; i < n - 1; i++) offer(i);
  let left = n;
  while (heap.length > 0) {
    const place = pop(heap, smaller);
    const rank = Math.floor(place / SHIFT);
    const i = place - rank * SHIFT;
    const j = next[i]!;
    // The place may be out of date: its tokens have been merged into others since.
    if (word[i] === -1 || j >= n || ranks.get(pairKey(word[i]!, word[j]!)) !== rank) continue;
    word[i] = made[rank]!;
    word[j] = -1;
    next[i] = next[j]!;
    if (next[i]! < n) previous[next[i]!] = i;
    left--;
    offer(i);
    if (previous[i]! >= 0) offer(previous[i]!);
  }
  const out = new Int32Array(left);
  for (let i = 0, at = 0; i < n; i = next[i]!) out[at++] = word[i]!;
  return out;
}
