import { describe, expect, it } from "vitest";
import { studentQuantile } from "./student-t.ts";

/** Two-sided 95 % and 99 % table values to 12 digits and more (scipy.stats.t.ppf). */
const TABLE: readonly [p: number, df: number, t: number][] = [
  [0.975, 1, 12.706204736174694],
  [0.975, 2, 4.302652729749462],
  [0.975, 3, 3.182446305283708],
  [0.975, 4, 2.7764451051977934],
  [0.975, 5, 2.570581835636314],
  [0.975, 9, 2.262157162798205],
  [0.975, 10, 2.228138851986274],
  [0.975, 30, 2.042272456301238],
  [0.975, 100, 1.983971518523552],
  [0.995, 1, 63.656741162871526],
  [0.995, 10, 3.16927267261695],
];

describe("studentQuantile", () => {
  it.each(TABLE)("p = %d, df = %d", (p, df, t) => {
    expect(Math.abs(studentQuantile(p, df) / t - 1)).toBeLessThan(1e-9);
  });

  it("meets the closed forms for 1, 2 and 4 degrees of freedom", () => {
    for (const p of [0.6, 0.9, 0.975, 0.999, 0.99999]) {
      const one = Math.tan(Math.PI * (p - 0.5));
      const a = 4 * p * (1 - p);
      const two = (2 * (p - 0.5) * Math.SQRT2) / Math.sqrt(a);
      const q = Math.cos(Math.acos(Math.sqrt(a)) / 3) / Math.sqrt(a);
      const four = 2 * Math.sqrt(q - 1);
      expect(studentQuantile(p, 1) / one).toBeCloseTo(1, 9);
      expect(studentQuantile(p, 2) / two).toBeCloseTo(1, 9);
      expect(studentQuantile(p, 4) / four).toBeCloseTo(1, 9);
    }
  });

  it("approaches the normal quantile", () => {
    expect(studentQuantile(0.975, 1e7)).toBeCloseTo(1.959963984540054, 6);
  });

  it("is odd around one half", () => {
    expect(studentQuantile(0.5, 7)).toBe(0);
    expect(studentQuantile(0.025, 7)).toBeCloseTo(-studentQuantile(0.975, 7), 12);
  });

  it("refuses what has no quantile", () => {
    expect(() => studentQuantile(1, 3)).toThrow(/0 < p < 1, got p = 1/);
    expect(() => studentQuantile(0.9, 0)).toThrow(/degrees of freedom above 0, got 0/);
  });
});
