import { describe, expect, it } from "vitest";
import { compareArms, compareOnExamples, measure, verdictOf } from "./measure.ts";
import type { Arm } from "./schema.ts";

const arm = (name: string, role: Arm["role"], values: number[], metric = "accuracy", unit = "share"): Arm => ({
  name,
  role,
  params: 10,
  flops: 10,
  metrics: { [metric]: measure(values, unit) },
  seconds: 1,
});

describe("measure", () => {
  it("keeps shares between 0 and 1", () => {
    expect(measure([0.99, 1, 0.9], "share").ci95![1]).toBe(1);
    expect(measure([0.01, 0, 0.1], "share").ci95![0]).toBe(0);
    expect(measure([99, 100, 90], "points").ci95![1]).toBeGreaterThan(100);
  });
  it("has no interval for one seed", () => {
    expect(measure([0.5], "share")).toEqual({ values: [0.5], mean: 0.5, ci95: null, unit: "share" });
  });
});

describe("verdictOf", () => {
  const three = [0.1, 0.2, 0.3];
  it.each([
    ["above 0", three, [0.1, 0.3], "higher", "better"],
    ["above 0, lower is better", three, [0.1, 0.3], "lower", "worse"],
    ["below 0", three, [-0.3, -0.1], "higher", "worse"],
    ["below 0, lower is better", three, [-0.3, -0.1], "lower", "better"],
    ["holds 0", three, [-0.1, 0.3], "higher", "inconclusive"],
    ["touches 0", three, [0, 0.3], "higher", "inconclusive"],
    ["two seeds only", [0.2, 0.21], [0.1, 0.3], "higher", "inconclusive"],
    ["no width", [0.2, 0.2, 0.2], [0.2, 0.2], "higher", "inconclusive"],
    ["no interval", [0.2], null, "higher", "inconclusive"],
  ] as const)("%s", (_, values, ci95, better, verdict) => {
    expect(verdictOf({ values: [...values], ci95: ci95 && [...ci95] }, better)).toBe(verdict);
  });
  it("accepts one seed when the interval ranges over examples", () => {
    expect(verdictOf({ values: [0.2], ci95: [0.1, 0.3], basis: "examples" }, "higher")).toBe("better");
  });
});

describe("compareArms", () => {
  const student = arm("s", "student", [0.92, 0.93, 0.925]);
  it("subtracts b from a", () => {
    const c = compareArms(student, arm("b", "baseline", [0.9, 0.905, 0.9]), "accuracy");
    expect(c).toMatchObject({
      id: "s / b: accuracy",
      a: "s",
      b: "b",
      unit: "share",
      basis: "seeds",
      verdict: "better",
    });
    expect(c.mean).toBeCloseTo(0.7 / 30, 6);
  });
  it("sets a frozen teacher against every seed, but never a baseline that ran once", () => {
    expect(compareArms(student, arm("t", "teacher", [0.94]), "accuracy")).toMatchObject({ verdict: "worse" });
    expect(() => compareArms(student, arm("b", "baseline", [0.9]), "accuracy")).toThrow(/got 3 and 1/);
  });
  it("knows that a lower cross-entropy is better", () => {
    const [a, b] = [
      [0.2, 0.21, 0.2],
      [0.3, 0.29, 0.3],
    ].map((v, i) => arm(`${i}`, "student", v, "crossEntropy", "nats"));
    expect(compareArms(a!, b!, "crossEntropy").verdict).toBe("better");
  });
  it("names the metrics that an arm has", () => {
    expect(() => compareArms(student, student, "ece")).toThrow(
      'Arm "s" has no metric "ece" (it has: accuracy). Measure it on both arms.',
    );
  });
});

it("compareOnExamples compares one seed over examples", () => {
  const [right, wrong] = [Array(200).fill(true), Array(200).fill(false)] as [boolean[], boolean[]];
  const c = compareOnExamples(arm("a", "student", [1]), arm("b", "baseline", [0]), right, wrong);
  expect(c).toMatchObject({ mean: 1, basis: "examples", verdict: "better", values: [1] });
});
