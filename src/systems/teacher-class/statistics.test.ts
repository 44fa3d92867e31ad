/** R² and the statistics of units. */
import { describe, expect, it } from "vitest";
import { key, random } from "../../tensor/index.ts";
import { rSquared, scaleOf, standardised, unitStatistics } from "./statistics.ts";

const width = 6;
const z = random.normal(key(1), 400 * width).map((v, i) => (i % width === 2 ? 3 : v * (1 + (i % width)) + (i % width)));

describe("R² (specification, test 9)", () => {
  it("is 0 for the mean predictor, 1 for the oracle, below 0 for worse than the mean", () => {
    const { mean } = unitStatistics(z, width);
    expect(
      rSquared(
        z.map((_, i) => mean[i % width]!),
        z,
        width,
      ),
    ).toBeCloseTo(0, 6);
    expect(rSquared(z, z, width)).toBe(1);
    expect(
      rSquared(
        z.map((v) => -v),
        z,
        width,
      ),
    ).toBeLessThan(0);
  });

  it("is finite for a chunk without variance", () => {
    const flat = new Float32Array(12).fill(2);
    expect(rSquared(flat, flat, 3)).toBe(1);
    expect(rSquared(new Float32Array(12), flat, 3)).toBe(0);
  });
});

describe("standardised targets", () => {
  it("have mean 0 and deviation 1; dead units are clamped, not divided by 0", () => {
    const statistics = unitStatistics(z, width);
    expect(statistics.deviation[2]).toBe(0);
    const scale = scaleOf(statistics);
    expect(scale[2]).toBe(1);
    const out = unitStatistics(standardised(z, statistics.mean, scale), width);
    for (let j = 0; j < width; j++) {
      expect(out.mean[j]).toBeCloseTo(0, 5);
      expect(out.deviation[j]).toBeCloseTo(j === 2 ? 0 : 1, 5);
    }
  });
});
