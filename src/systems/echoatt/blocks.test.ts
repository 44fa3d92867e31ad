import { describe, expect, test } from "vitest";
import { integers, key, uniform } from "../../tensor/random.ts";
import { type BlockRange, fixedBlocks, similarBlocks } from "./blocks.ts";

const eight = { layers: 8, skipFirst: 1, skipLast: 1 };

test.each([
  [3, [0, 1, 1, 1, 4, 4, 4, 7]],
  [6, [0, 1, 1, 1, 1, 1, 1, 7]],
  [4, [0, 1, 1, 1, 1, 5, 5, 7]],
  [1, [0, 1, 2, 3, 4, 5, 6, 7]],
])("fixed blocks of %i", (length, leaders) => {
  expect(fixedBlocks({ ...eight, length })).toEqual(leaders);
});

/** All ways to cut `rows` layers into blocks of at most `length`. */
function cuts(rows: number, length: number): number[][] {
  if (rows === 0) return [[]];
  return Array.from({ length: Math.min(rows, length) }, (_, i) => i + 1).flatMap((first) =>
    cuts(rows - first, length).map((rest) => [first, ...rest]),
  );
}

const totalOf = (leaders: readonly number[], similarity: (l: number, f: number) => number, threshold = 0) =>
  leaders.reduce((sum, leader, i) => (leader === i ? sum : sum + similarity(leader, i) - threshold), 0);

function leadersOf({ layers, skipFirst }: BlockRange, sizes: readonly number[]): number[] {
  const leaders = Array.from({ length: layers }, (_, i) => i);
  let at = skipFirst;
  for (const size of sizes) {
    for (let j = 1; j < size; j++) leaders[at + j] = at;
    at += size;
  }
  return leaders;
}

describe("blocks by similarity are as good as the best of all", () => {
  const next = integers(key(4));
  for (let round = 0; round < 60; round++) {
    const layers = 1 + next(10);
    const skipFirst = next(Math.min(3, layers));
    const skipLast = next(Math.min(3, layers - skipFirst));
    const range = { layers, skipFirst, skipLast, length: 1 + next(4) };
    const matrix = uniform(key(100 + round), layers * layers);
    const similarity = (l: number, f: number) => 2 * matrix[l * layers + f]! - 1;
    const all = cuts(layers - skipFirst - skipLast, range.length).map((sizes) => leadersOf(range, sizes));
    test(JSON.stringify(range), () => {
      const best = Math.max(...all.map((leaders) => totalOf(leaders, similarity, 0.2)));
      const found = similarBlocks(range, similarity, { threshold: 0.2 });
      expect(totalOf(found, similarity, 0.2)).toBeCloseTo(best, 12);
      expect(all).toContainEqual(found);
      const count = (leaders: readonly number[]) => leaders.filter((leader, i) => leader !== i).length;
      const most = Math.max(...all.map(count));
      for (let followers = 0; followers <= most; followers++) {
        const exact = similarBlocks(range, similarity, { followers });
        const among = all.filter((leaders) => count(leaders) === followers);
        expect(count(exact)).toBe(followers);
        expect(totalOf(exact, similarity)).toBeCloseTo(Math.max(...among.map((l) => totalOf(l, similarity))), 12);
      }
    });
  }
});

test("what cannot be is refused", () => {
  expect(() => fixedBlocks({ ...eight, length: 0 })).toThrow(/Blocks of 0/);
  expect(() => fixedBlocks({ ...eight, skipFirst: 9, length: 2 })).toThrow(/Skip fewer/);
  expect(() => similarBlocks({ ...eight, length: 3 }, () => 1, { followers: 5 })).toThrow(/room for 0 to 4/);
});
