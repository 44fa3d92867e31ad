import { describe, expect, it } from "vitest";
import { rkd } from "./rkd.ts";
import { evaluateLoss, matrix } from "./testing.ts";

const f = [
  [1, 0.5],
  [-0.3, 2],
  [0.7, -1.1],
  [2, 1],
];
const t = [
  [0.2, 1, 3],
  [1, -1, 0.5],
  [0.3, 0.8, -2],
  [1.5, 0.1, 0.4],
];
const run = (s: number[][], teacher: number[][], weights: { distance: number; angle: number }) =>
  evaluateLoss(rkd({ student: "f", teacher: "f", ...weights }), {
    student: { taps: { f: matrix(s, "f64") } },
    teacher: { taps: { f: matrix(teacher, "f64") } },
  });
const both = { distance: 25, angle: 50 };

describe("rkd", () => {
  it("ignores scale, shift and rotation of the student's features", async () => {
    const turned = f.map(([x = 0, y = 0]) => [3 * (0.6 * x - 0.8 * y) + 7, 3 * (0.8 * x + 0.6 * y) - 2]);
    expect((await run(turned, t, both)).value).toBeCloseTo((await run(f, t, both)).value, 9);
  });

  it("compares distances divided by their mean: two points give 0, three by hand", async () => {
    // Student: points 0, 1, 3 on a line: distances 1, 3, 2 (mean 2); teacher equilateral: all 1 after division.
    const line = [[0], [1], [3]];
    const equilateral = [
      [0, 0],
      [1, 0],
      [0.5, Math.sqrt(0.75)],
    ];
    const { value } = await run(line, equilateral, { distance: 1, angle: 0 });
    // Differences of ½-1, 3/2-1 and 1-1, each twice in 9 entries, halved squares.
    expect(value).toBeCloseTo((2 * (0.125 + 0.125)) / 9, 12);
  });

  it("stays finite when examples coincide", async () => {
    const same = f.map(() => [1, 1]);
    const { value, gradients } = await run(same, t, both);
    expect(Number.isFinite(value)).toBe(true);
    expect(gradients.f!.every((g) => g === 0)).toBe(true);
  });
});
