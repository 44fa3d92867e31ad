/**
 * Applying the merges of a BPE to one word: always the earliest merge that applies, the leftmost place first.
 *
 * Words may be long (a text without spaces is one word), so the places are in a heap, which makes it n log n. A place is
 * one number, rank * 2^26 + position: numbers compare faster than objects.
 */

export interface MergeTable {
  /** left * 2^26 + right -> rank. */
  readonly ranks: ReadonlyMap<number, number>;
  /** Token made by each rank. */
  readonly made: Int32Array;
}

const SHIFT = 2 ** 26;
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
    if (rank !== undefined) push(heap, rank * SHIFT + i);
  };
  for (let i = 0; i < n - 1; i++) offer(i);
  let left = n;
  while (heap.length > 0) {
    const place = pop(heap);
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

function push(heap: number[], value: number): void {
  let i = heap.length;
  heap.push(value);
  while (i > 0) {
    const parent = (i - 1) >> 1;
    if (heap[parent]! <= value) break;
    heap[i] = heap[parent]!;
    i = parent;
  }
  heap[i] = value;
}

function pop(heap: number[]): number {
  const top = heap[0]!;
  const last = heap.pop()!;
  const n = heap.length;
  if (n === 0) return top;
  let i = 0;
  for (;;) {
    let child = 2 * i + 1;
    if (child >= n) break;
    if (child + 1 < n && heap[child + 1]! < heap[child]!) child++;
    if (heap[child]! >= last) break;
    heap[i] = heap[child]!;
    i = child;
  }
  heap[i] = last;
  return top;
}
