/** Histograms of roles, their entropy, and the shift of promotions. */
import { describe, expect, it } from "vitest";
import { earlyEntropy, entropy, histogram, shares, shiftToLarger } from "./history.ts";

describe("promotions", () => {
  it("are counted in stretches", () => {
    expect(shares([0, 0, 1, 2], 3)).toEqual([0.5, 0.25, 0.25]);
    expect(histogram([0, 0, 1, 1, 2, 2], 3, 3)).toEqual([
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ]);
    expect(histogram([0, 1], 2, 24)).toHaveLength(2);
  });

  it("have an entropy between 0 and ln n", () => {
    expect(entropy([1, 0])).toBe(0);
    expect(entropy([0.25, 0.25, 0.25, 0.25])).toBeCloseTo(Math.log(4), 12);
    expect(earlyEntropy([0, 1, 1, 1, 1, 1], 2)).toBeCloseTo(Math.log(2), 12);
  });

  it("shift from the smallest to the largest by 1, by size and not by index", () => {
    expect(shiftToLarger([0, 0, 1, 1, 1, 1], [10, 20])).toBe(1);
    expect(shiftToLarger([0, 0, 1, 1, 1, 1], [20, 10])).toBe(-1);
    expect(shiftToLarger([1, 1, 2, 2, 2, 2], [10, 20, 30])).toBe(0.5);
    expect(shiftToLarger([0, 0, 0], [10])).toBe(0);
  });
});
