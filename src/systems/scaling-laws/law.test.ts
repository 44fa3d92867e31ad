import { describe, expect, it } from "vitest";
import { C4_FAMILY, flopsOfArchitecture, flopsPerToken, SCENARIOS, sharedBy, totalFlops } from "./flops.ts";
import { studentError } from "./kernel-regression.ts";
import { PRESETS, studentLoss, supervisedLoss } from "./law.ts";
import { goldenSection } from "./plan.ts";

const laws = PRESETS["c4-busbridge-2025"]!;
const close = (value: number, wanted: number, tolerance = 1e-4): void => {
  expect(Math.abs(value - wanted)).toBeLessThan(tolerance);
};

describe("the published laws", () => {
  it.each([
    [1e9, 2e10, 2.37469],
    [3e8, 6e9, 2.67052],
    [1.43e8, 2.86e9, 2.88919],
    [7e9, 1.4e11, 2.01881],
    [1e9, 1e12, 2.14241],
  ])("supervised loss of N %d after D %d", (N, D, wanted) => close(supervisedLoss(laws.supervised, N, D), wanted));

  it.each([
    [1e9, 2e10, 1.8, 2.2551],
    [1e9, 2e10, 2.2, 2.31695],
    [1e9, 2e10, 2.5, 2.50482],
    [3e8, 6e9, 2.2, 2.51372],
    [3e8, 6e9, 1.3, undefined],
  ])("student of N %d, D %d under a teacher of %d", (N, D, LT, wanted) => {
    const loss = studentLoss(laws, { N, D, LT });
    if (wanted === undefined) expect(loss).toBeGreaterThan(LT);
    else close(loss, wanted);
  });

  it("has a capacity gap: too strong a teacher hurts", () => {
    const at = (LT: number) => studentLoss(laws, { N: 1e9, D: 2e10, LT });
    const wanted = [2.45332, 2.29218, 2.25263, 2.26428, 2.2928, 2.35747];
    for (const [i, LT] of [1.3, 1.5, 1.7, 1.9, 2.1, 2.3].entries()) close(at(LT), wanted[i]!);
    const best = goldenSection(at, 1.22, 4);
    close(best, 1.723, 0.01);
    close(at(best), 2.2523);
  });

  it("goes to the teacher's loss for endless students and for bad teachers, without overflow", () => {
    close(studentLoss(laws, { N: 1e9, D: 2e10, LT: 50 }), 50, 1e-3);
    close(studentLoss(laws, { N: 1e30, D: 1e40, LT: 2.2 }), 2.2);
    for (const ratio of [0.01, 1, 10, 100]) {
      expect(studentLoss(laws, { N: 1e9, D: 2e10, LT: ratio * 2.37 })).toBeLessThan(Number.POSITIVE_INFINITY);
    }
  });

  it("refuses impossible numbers", () => {
    expect(() => supervisedLoss(laws.supervised, 0, 1e9)).toThrow("N is 0");
    expect(() => studentLoss(laws, { N: 1e9, D: 1e9, LT: Number.NaN })).toThrow("LT is NaN");
  });
});

describe("operations", () => {
  it.each([
    [0.1028e9, 3.4e8],
    [0.9755e9, 2.3965e9],
    [7.747e9, 1.6988e10],
  ])("of a token for N %d", (N, wanted) => close(flopsPerToken(N) / wanted, 1, 1e-3));

  it("agrees with the exact count of the paper's model of 8 layers and width 1024", () => {
    // Multi-head attention of 4·width², a gated FFN of 3·width·2816, gains of the norms.
    const [layers, width] = [8, 1024];
    const N = layers * (4 * width ** 2 + 3 * width * 2816 + 2 * width) + width;
    const exact = flopsOfArchitecture({ N, layers, width, ...C4_FAMILY });
    close(N / 0.1028e9, 1, 1e-3);
    expect(exact).toBe(2 * (N + 8 * 4096 * 1024 + 32168 * 1024));
    close(flopsPerToken(N) / exact, 1, 5e-3);
  });

  it("adds up what a scenario pays", () => {
    const cost = { NS: 1e9, DS: 1e10, NT: 2e9, DT: 3e10 };
    const [student, teacher] = [flopsPerToken(1e9), flopsPerToken(2e9)];
    expect(totalFlops(cost, SCENARIOS.best)).toBe(3 * student * 1e10);
    close(totalFlops(cost, SCENARIOS.both) / (3 * student * 1e10 + teacher * (1e10 + 9e10)), 1, 1e-12);
    const many = totalFlops(cost, sharedBy(SCENARIOS.both, 1e12, true));
    close(many / totalFlops(cost, SCENARIOS.best), 1, 1e-6);
    close(totalFlops(cost, sharedBy(SCENARIOS.both, 1e12)) / totalFlops(cost, SCENARIOS.inference), 1, 1e-6);
  });
});

it("kernel regression: the best teacher has the student's directions", () => {
  const gap = { target: Array<number>(10).fill(1), teacherNorm: 2, studentNorm: 1.8, directions: 4 };
  const wanted = [3, 2.82843, 2.64575, 2.45764, 2.45857, 2.47683, 2.49766, 2.51856, 2.53859, 2.55741];
  const errors = wanted.map((_, i) => studentError(gap, i + 1));
  for (const [i, error] of errors.entries()) close(error, wanted[i]!, 1e-5);
  expect(errors.indexOf(Math.min(...errors)) + 1).toBe(4);
});
