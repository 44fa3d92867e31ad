import { expect, test } from "vitest";
import { constant, cosine, linear, stepwise, triStage, warmup } from "./schedules.ts";

const at = (schedule: (step: number) => number, steps: number[]) => steps.map(schedule);

test("constant", () => {
  expect(at(constant(3), [1, 50])).toEqual([3, 3]);
});

test("stepwise falls after each boundary", () => {
  expect(at(stepwise(1, [2, 4], 0.5), [1, 2, 3, 4, 5, 100])).toEqual([1, 1, 0.5, 0.5, 0.25, 0.25]);
});

test("linear reaches its end after the last step and stays", () => {
  expect(at(linear(4, 0, 4), [1, 2, 4, 5, 9])).toEqual([4, 3, 1, 0, 0]);
});

test("cosine is half-way in the middle and final at the end", () => {
  const values = at(cosine(2, 8, 1), [1, 3, 5, 9, 20]);
  const closed = [2, 1 + (1 + Math.SQRT1_2) / 2, 1.5, 1, 1];
  for (const [i, v] of values.entries()) expect(v).toBeCloseTo(closed[i]!, 14);
});

test("warm-up climbs to the first value of what follows", () => {
  expect(at(warmup(4, stepwise(8, [2])), [1, 2, 4, 5, 6]).map((x) => +x.toFixed(12))).toEqual([2, 4, 8, 8, 8]);
  expect(warmup(4, stepwise(8, [2]))(7)).toBeCloseTo(0.8, 12);
});

test("tri-stage: fairseq's numbers at the joints", () => {
  const s = triStage({ peak: 1, steps: 100 });
  expect(s(1)).toBeCloseTo(0.01, 12);
  expect(s(6)).toBeCloseTo(0.01 + (0.99 * 5) / 10, 12);
  expect(at(s, [11, 50])).toEqual([1, 1]);
  expect(s(51)).toBe(1);
  expect(s(76)).toBeCloseTo(Math.sqrt(0.05), 12);
  expect(at(s, [101, 500]).map((x) => +x.toFixed(12))).toEqual([0.05, 0.05]);
});

test("impossible options are refused", () => {
  expect(() => cosine(1, 0)).toThrow("A cosine over 0 steps.");
  expect(() => triStage({ peak: 1, steps: 10, stages: [0.5, 0.5, 0.5] })).toThrow("do not add up to 1");
});
