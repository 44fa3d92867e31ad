import { expect, test } from "vitest";
import { divergence, expectedCrossEntropy, meanEntropy } from "./target.ts";

const p = Float64Array.of(0.5, 0.5, 0, 1, 0, 0);
const q = Float64Array.of(0.25, 0.5, 0.25, 0.5, 0.5, 0);
const logQ = q.map(Math.log);

test("by hand: means over positions, in nats", () => {
  // Row 1: 0.5 log 4 + 0.5 log 2; row 2: log 2.
  expect(expectedCrossEntropy(p, logQ, 3)).toBeCloseTo((1.5 + 1) * 0.5 * Math.LN2, 14);
  expect(meanEntropy(p, 3)).toBeCloseTo(0.5 * Math.LN2, 14);
  expect(divergence(p, logQ, 3)).toBeCloseTo(0.75 * Math.LN2, 14);
});

test("what is impossible costs nothing; what the model thinks impossible costs everything", () => {
  expect(expectedCrossEntropy(Float64Array.of(1, 0), Float32Array.of(0, -Infinity), 2)).toBe(0);
  expect(divergence(Float64Array.of(0.5, 0.5), Float64Array.of(0, -Infinity), 2)).toBe(Infinity);
});

test("shapes that do not fit", () => {
  expect(() => divergence(p, logQ.slice(3), 3)).toThrow(/not both \[n, 3\]/);
  expect(() => meanEntropy(p, 4)).toThrow(/not both \[n, 4\]/);
  expect(() => meanEntropy(new Float64Array(0), 4)).toThrow();
});
