import { describe, expect, it } from "vitest";
import {
  bytes,
  compact,
  difference,
  duration,
  factor,
  measured,
  percent,
  portion,
  quantity,
  significant,
  thousands,
} from "./format.ts";

describe("numbers", () => {
  it.each([
    [thousands(1234567), "1,234,567"],
    [thousands(-1234.56, 1), "−1,234.6"],
    [thousands(-0.04, 1), "0.0"],
    [significant(0.01234), "0.0123"],
    [significant(1234.5), "1,235"],
    [significant(0), "0"],
    [compact(51_234), "51.2 k"],
    [compact(999_999), "1 M"],
    [compact(20_000), "20 k"],
    [compact(0.25), "0.25"],
    [bytes(999), "999 B"],
    [bytes(4_951_002), "4.95 MB"],
    [duration(1.25), "1.3 s"],
    [duration(133), "2 min 13 s"],
    [duration(7384), "2 h 3 min"],
    [percent(0.9871), "98.7 %"],
    [quantity(0.212, "ms"), "0.212 ms"],
    [quantity(207_312, "bytes"), "207 kB"],
    [factor(24.1), "24 ×"],
    [factor(1.62), "1.6 ×"],
    [portion(1 / 24.1), "1/24"],
    [portion(0.4), "1/2.5"],
    [portion(0.9), "90 %"],
    [portion(1.3), "1.3 times"],
  ])("%s", (shown, expected) => {
    expect(shown).toBe(expected);
  });
});

describe("intervals", () => {
  it("shows ± in the unit of the value", () => {
    expect(measured({ values: [], mean: 0.941, ci95: [0.939, 0.943], unit: "share" })).toBe("94.1 ± 0.2 %");
    expect(measured({ values: [], mean: 0.2203, ci95: [0.2171, 0.2235], unit: "nats" })).toBe("0.220 ± 0.003 nats");
    expect(measured({ values: [], mean: 0.94, ci95: null, unit: "share" })).toBe("94.0 %");
  });
  it("never shows ± 0.0 for an interval that has a width", () => {
    expect(measured({ values: [], mean: 0.941, ci95: [0.9408, 0.9412], unit: "share" })).toBe("94.10 ± 0.02 %");
  });
  it("shows differences of shares in points", () => {
    expect(difference({ mean: 0.021, ci95: [0.016, 0.026], unit: "share" })).toBe("+2.1 points [1.6, 2.6]");
    expect(difference({ mean: -0.066, ci95: [-0.077, -0.055], unit: "nats" })).toBe("−0.066 nats [−0.077, −0.055]");
    expect(difference({ mean: 0, ci95: null, unit: "share" })).toBe("0.0 points");
  });
});
