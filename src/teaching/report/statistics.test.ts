import { describe, expect, it } from "vitest";
import { interval95, mean, pairedAccuracyInterval, pairedDifference, standardDeviation } from "./statistics.ts";

describe("means and intervals over seeds", () => {
  it("computes the textbook interval", () => {
    // sd of 1, 2, 3 is 1; t(0.975, 2) = 4.302652729749462.
    const half = 4.302652729749462 / Math.sqrt(3);
    expect(standardDeviation([1, 2, 3])).toBe(1);
    const [low, high] = interval95([1, 2, 3])!;
    expect(low).toBeCloseTo(2 - half, 9);
    expect(high).toBeCloseTo(2 + half, 9);
  });

  it("has no interval for one value and none of width for equal ones", () => {
    expect(interval95([0.9])).toBeNull();
    expect(interval95([0.1, 0.1, 0.1])).toEqual([mean([0.1, 0.1, 0.1]), mean([0.1, 0.1, 0.1])]);
  });

  it("covers the true mean 95 times of 100", () => {
    let state = 1;
    const uniform = () => (state = (state * 48271) % 2147483647) / 2147483647;
    const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    let covered = 0;
    for (let i = 0; i < 4000; i++) {
      const [low, high] = interval95([normal(), normal(), normal()])!;
      if (low <= 0 && high >= 0) covered++;
    }
    expect(covered / 4000).toBeGreaterThan(0.94);
    expect(covered / 4000).toBeLessThan(0.96);
  });

  it("names a diverged value", () => {
    expect(() => mean([1, Number.NaN])).toThrow(
      "A measured value is NaN; only finite numbers can be averaged. Did this run diverge?",
    );
    expect(() => mean([])).toThrow(/no values/);
  });
});

describe("pairedDifference", () => {
  it("subtracts seed by seed", () => {
    const { values, mean: centre, ci95 } = pairedDifference([3, 5, 7], [1, 2, 3]);
    expect(values).toEqual([2, 3, 4]);
    expect(centre).toBe(3);
    expect(ci95![0]).toBeLessThan(3);
  });

  it("needs both sides on the same seeds", () => {
    expect(() => pairedDifference([1, 2], [1])).toThrow(/got 2 and 1/);
  });
});

describe("pairedAccuracyInterval", () => {
  const answers = (both: number, a: number, b: number, none: number) => ({
    a: [...Array(both).fill(1), ...Array(a).fill(1), ...Array(b).fill(0), ...Array(none).fill(0)] as number[],
    b: [...Array(both).fill(1), ...Array(a).fill(0), ...Array(b).fill(1), ...Array(none).fill(0)] as number[],
  });

  it("is the adjusted Wald interval", () => {
    const { a, b } = answers(70, 15, 5, 10);
    const { mean: centre, ci95, onlyA, onlyB } = pairedAccuracyInterval(a, b);
    const [p10, p01, n] = [15.5 / 102, 5.5 / 102, 102];
    const half = 1.959963984540054 * Math.sqrt((p10 + p01 - (p10 - p01) ** 2) / n);
    expect([onlyA, onlyB]).toEqual([15, 5]);
    expect(centre).toBeCloseTo(0.1, 12);
    expect(ci95[0]).toBeCloseTo(p10 - p01 - half, 12);
    expect(ci95[1]).toBeCloseTo(p10 - p01 + half, 12);
  });

  it("changes sign when the sides are swapped", () => {
    const { a, b } = answers(60, 12, 3, 5);
    const forth = pairedAccuracyInterval(a, b);
    const back = pairedAccuracyInterval(b, a);
    expect(back.mean).toBeCloseTo(-forth.mean, 12);
    expect(back.ci95[0]).toBeCloseTo(-forth.ci95[1], 12);
  });

  it("keeps a width where the models never differ", () => {
    const { a, b } = answers(90, 0, 0, 10);
    const [low, high] = pairedAccuracyInterval(a, b).ci95;
    expect(low).toBeLessThan(0);
    expect(high).toBeGreaterThan(0);
  });

  it("refuses different or no examples", () => {
    expect(() => pairedAccuracyInterval([1], [1, 0])).toThrow(/same test examples, got 1 and 2/);
    expect(() => pairedAccuracyInterval([], [])).toThrow(/got 0 and 0/);
  });
});
