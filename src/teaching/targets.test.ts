import { expect, it } from "vitest";
import { classMeans, gatherRows } from "./targets.ts";

it("rows follow the ids", () => {
  const stored = new Map([["tap", { shape: [2], data: Float32Array.of(0, 1, 10, 11, 20, 21) }]]);
  const { tap } = gatherRows(stored, Int32Array.of(2, 0, 2));
  expect(tap).toMatchObject({ shape: [3, 2], dtype: "f32" });
  expect([...(tap!.data as Float32Array)]).toEqual([20, 21, 0, 1, 20, 21]);
});

it("class means by hand; a class without examples is an error", () => {
  const data = Float32Array.of(1, 2, 3, 4, 5, 6);
  expect([...classMeans(data, Int32Array.of(1, 0, 1), 2)]).toEqual([3, 4, 3, 4]);
  expect(() => classMeans(data, Int32Array.of(1, 1, 1), 2)).toThrowError(
    expect.objectContaining({ code: "E_LOSS_MEANS" }),
  );
});

it("means are summed in f64: many small numbers are not lost beside a large one", () => {
  const n = 100_001;
  const data = Float32Array.from({ length: n }, (_, i) => (i === 0 ? 1e8 : 1));
  expect(classMeans(data, new Int32Array(n), 1)[0]).toBeCloseTo(1e8 / n + (n - 1) / n, 2);
});
