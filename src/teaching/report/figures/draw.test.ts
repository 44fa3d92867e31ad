import { expect, it } from "vitest";
import { apart, logTicks, padded, short } from "./draw.ts";

it("moves labels apart and keeps their order", () => {
  const placed = apart([10, 12, 11, 80], 17);
  const sorted = [placed[0]!, placed[2]!, placed[1]!, placed[3]!];
  for (let i = 1; i < 4; i++) expect(sorted[i]! - sorted[i - 1]!).toBeGreaterThan(16.9);
  expect(placed[3]).toBe(80);
  expect(apart([], 5)).toEqual([]);
});

it("chooses round ticks on a log axis, fewer where they would crowd", () => {
  expect(logTicks([25, 2500], 8)).toEqual([50, 100, 200, 500, 1000, 2000]);
  expect(logTicks([25, 2500], 4)).toEqual([30, 100, 300, 1000]);
  expect(logTicks([1, 1e9], 5)).toHaveLength(10);
});

it("pads a domain inside its bounds, also of a single value", () => {
  expect(padded([0, 100], { low: 0, high: 100 })).toEqual([0, 100]);
  const [low, high] = padded([5]);
  expect(low).toBeLessThan(5);
  expect(high).toBeGreaterThan(5);
});

it("shortens names", () => {
  expect(short("distilled student", 10)).toBe("distilled…");
  expect(short("short", 10)).toBe("short");
});
