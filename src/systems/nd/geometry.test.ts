/** Norm ratio, direction and the class-mean classifier on numbers that can be worked out by hand. */
import { expect, it } from "vitest";
import { argmaxRows, geometry, normsOf } from "./geometry.ts";

const rows = (...data: number[]) => ({ data: Float32Array.from(data), width: 2 });
/** Means of any length. */
const means = Float32Array.of(5, 0, 0, 0.5);

it("measures ratio, cosine and nearest mean", () => {
  const found = geometry(rows(3, 4, 2, 0), [10, 5], means, [0, 1]);
  expect(found.normRatio).toBeCloseTo(7 / 15, 6);
  expect(found.direction).toBeCloseTo((0.6 + 0) / 2, 6);
  // [3, 4] points to class 1, [2, 0] to class 0: both wrong.
  expect(found.classMeanAccuracy).toBe(0);
  expect(geometry(rows(3, 4, 2, 0), [10, 5], means, [1, 0]).classMeanAccuracy).toBe(1);
  expect(found.points[0]![0]).toBeCloseTo(0.5, 6);
  expect(found.points[0]![1]).toBeCloseTo(0.6, 6);
});

it("stays finite at zero vectors", () => {
  const found = geometry(rows(0, 0), [0], means, [0]);
  expect([found.normRatio, found.direction].every(Number.isFinite)).toBe(true);
});

it("finds norms and largest logits by row", () => {
  expect([...normsOf(rows(3, 4, 0, 2))]).toEqual([5, 2]);
  expect([...argmaxRows(Float32Array.of(1, 2, 0, 5, 5, 4), 3)]).toEqual([1, 0]);
});
