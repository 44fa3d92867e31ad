import { expect, it } from "vitest";
import { meanCurve, thin } from "./curves.ts";

it("averages curves on the range that all cover", () => {
  const a: [number, number][] = [
    [0, 0],
    [10, 10],
    [20, 20],
  ];
  const b: [number, number][] = [
    [5, 1],
    [15, 1],
  ];
  expect(meanCurve([a, b])).toEqual([
    [5, 3],
    [10, 5.5],
    [15, 8],
  ]);
  expect(
    meanCurve([
      a,
      [
        [30, 1],
        [40, 1],
      ],
    ]),
  ).toEqual([]);
});

it("thins long curves to bucket means and keeps the end", () => {
  const long = Array.from({ length: 10_000 }, (_, i): [number, number] => [i, i % 2]);
  const thinned = thin(long, 100);
  expect(thinned).toHaveLength(100);
  expect(thinned.at(-1)).toEqual([9999, 1]);
  expect(thinned[50]![1]).toBeCloseTo(0.5, 1);
  expect(thin(long.slice(0, 50), 100)).toEqual(long.slice(0, 50));
});
