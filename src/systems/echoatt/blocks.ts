/**
 * Which layers copy whose attention map. A block is consecutive layers of which the first leads; the first and the last
 * layers of the model stay outside (section 2.2 of the method as we state it: the paper's text names k and the skipped
 * ends, the choice by similarity is ours).
 */
import { fail } from "../../errors.ts";

export interface BlockRange {
  /** Layers of the model. */
  readonly layers: number;
  /** Layers at both ends that neither lead nor follow. */
  readonly skipFirst: number;
  readonly skipLast: number;
  /** Longest block: a leader and k - 1 followers. */
  readonly length: number;
}

/** @throws E_OPTION */
function checkRange({ layers, skipFirst, skipLast, length }: BlockRange): void {
  if (!Number.isInteger(length) || length < 1) {
    fail("E_OPTION", `Blocks of ${length} layers were asked for.`, "Use a whole number of at least 1.");
  }
  if (skipFirst < 0 || skipLast < 0 || skipFirst + skipLast > layers) {
    fail(
      "E_OPTION",
      `${skipFirst} first and ${skipLast} last layers of ${layers} are to be left alone.`,
      "Skip fewer.",
    );
  }
}

/** Every layer its own leader. */
const alone = (layers: number): number[] => Array.from({ length: layers }, (_, i) => i);

/** Consecutive blocks of `length`; the last may be shorter. Gives leaders[i], the layer whose map layer i uses. */
export function fixedBlocks(range: BlockRange): number[] {
  checkRange(range);
  const { layers, skipFirst, skipLast, length } = range;
  return alone(layers).map((i) => (i < skipFirst || i >= layers - skipLast ? i : i - ((i - skipFirst) % length)));
}

/** similarity(leader, follower), leader < follower. */
export type Similarity = (leader: number, follower: number) => number;

/**
 * The blocks with the largest Σ over followers of similarity(leader, follower) - threshold; with `followers`, among
 * those with exactly so many. Of equally good ones, the one with fewer followers in front. Dynamic programming over
 * (layer, followers left): O(layers · followers · length).
 * @throws E_OPTION when there is no room for so many followers
 */
export function similarBlocks(
  range: BlockRange,
  similarity: Similarity,
  { threshold = 0, followers }: { readonly threshold?: number; readonly followers?: number } = {},
): number[] {
  checkRange(range);
  const { layers, skipFirst, skipLast, length } = range;
  const end = layers - skipLast;
  const most = Math.max(0, end - skipFirst - Math.ceil((end - skipFirst) / length));
  if (followers !== undefined && (!Number.isInteger(followers) || followers < 0 || followers > most)) {
    fail("E_OPTION", `${followers} followers were asked for.`, `Blocks of ${length} leave room for 0 to ${most}.`);
  }
  // best[i][m]: of layers i.. with m followers left to place; the choice is how long the block at i is.
  const rows = end - skipFirst;
  const best = Array.from({ length: rows + 1 }, () => new Float64Array(most + 1).fill(Number.NEGATIVE_INFINITY));
  const choice = Array.from({ length: rows }, () => new Int32Array(most + 1));
  best[rows]![0] = 0;
  for (let i = rows - 1; i >= 0; i--) {
    for (let m = 0; m <= most; m++) {
      let gain = 0;
      for (let size = 1; size <= Math.min(length, rows - i) && size - 1 <= m; size++) {
        if (size > 1) gain += similarity(skipFirst + i, skipFirst + i + size - 1) - threshold;
        const value = gain + best[i + size]![m - size + 1]!;
        if (value > best[i]![m]!) {
          best[i]![m] = value;
          choice[i]![m] = size;
        }
      }
    }
  }
  let left = followers ?? best[0]!.reduce((top, value, m) => (value > best[0]![top]! ? m : top), 0);
  const leaders = alone(layers);
  for (let i = 0; i < rows; ) {
    const size = choice[i]![left]!;
    for (let j = 1; j < size; j++) leaders[skipFirst + i + j] = skipFirst + i;
    left -= size - 1;
    i += size;
  }
  return leaders;
}

export interface BlockChoice extends BlockRange {
  readonly choice: "fixed" | "similarity";
  readonly threshold: number;
  /** Exactly so many; 0: as the threshold says. */
  readonly followers: number;
}

/** Blocks as the options of a run ask for them. @throws E_OPTION */
export function chooseBlocks(wanted: BlockChoice, similarity: Similarity): number[] {
  if (wanted.choice === "fixed") return fixedBlocks(wanted);
  const { threshold, followers } = wanted;
  return similarBlocks(wanted, similarity, { threshold, ...(followers > 0 && { followers }) });
}
