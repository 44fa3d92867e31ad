import { expect, test } from "vitest";
import { pairedRatio, quantile } from "./statistics.ts";

test("quantiles interpolate", () => {
  expect([0, 0.25, 0.5, 1].map((q) => quantile([4, 1, 3, 2], q))).toEqual([1, 1.75, 2.5, 4]);
});

test("rounds are paired: weather that slows both sides cancels, a round one side sat out is left out", () => {
  const ours = [[10, 11, 12], [100, 110, 120], undefined, [1]];
  const theirs = [[20, 22, 24], [200, 220, 240], [1], undefined];
  expect(pairedRatio(ours, theirs)).toEqual({ median: 0.5, quartiles: [0.5, 0.5], ofMinima: 1, rounds: 2 });
  expect(pairedRatio([undefined], [[1]])).toBeUndefined();
});
