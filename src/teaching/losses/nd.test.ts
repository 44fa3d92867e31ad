import { describe, expect, it } from "vitest";
import { nd } from "./nd.ts";
import { evaluateLoss, matrix } from "./testing.ts";

const loss = nd({ student: "e", teacher: "e" });
const run = (s: number[][], t: number[][], means: number[][], labels: number[]) =>
  evaluateLoss(loss, {
    student: { taps: { e: matrix(s, "f64") } },
    teacher: { taps: { e: matrix(t, "f64") } },
    classMeans: { e: matrix(means, "f64") },
    labels,
  });
const axes = [
  [5, 0],
  [0, 5],
];

describe("nd", () => {
  it("below the teacher's norm: a constant push along the class mean", async () => {
    const { value, gradients } = await run([[3, 4]], [[10, 0]], axes, [0]);
    expect(value).toBeCloseTo(0.7, 10);
    expect(gradients.e![0]).toBeCloseTo(-0.1, 10);
    expect(gradients.e![1]).toBeCloseTo(0, 10);
  });

  it("above it: the gradient only turns", async () => {
    const { value, gradients } = await run([[3, 4]], [[0, 2]], axes, [0]);
    expect(value).toBeCloseTo(0.4, 10);
    expect(gradients.e![0]).toBeCloseTo(-0.128, 10);
    expect(gradients.e![1]).toBeCloseTo(0.096, 10);
  });

  it("is 0 along the mean and long enough, 2 against it", async () => {
    const long = await run([[20, 0]], [[10, 0]], axes, [0]);
    expect(long.value).toBeCloseTo(0, 10);
    expect(Math.hypot(...long.gradients.e!)).toBeLessThan(1e-12);
    expect((await run([[-1, 0]], [[1, 0]], axes, [0])).value).toBeCloseTo(2, 10);
  });

  it("takes only directions from the means and only norms from the teacher", async () => {
    const means = [
      [1, 2],
      [3, -1],
    ];
    const s = [
      [0.2, 0.1],
      [1, 1],
    ];
    const plain = (
      await run(
        s,
        [
          [3, 4],
          [1, 0],
        ],
        means,
        [0, 1],
      )
    ).value;
    expect(
      (
        await run(
          s,
          [
            [3, 4],
            [1, 0],
          ],
          means.map((r) => r.map((v) => 7 * v)),
          [0, 1],
        )
      ).value,
    ).toBeCloseTo(plain, 12);
    expect(
      (
        await run(
          s,
          [
            [0, 5],
            [0, 1],
          ],
          means,
          [0, 1],
        )
      ).value,
    ).toBeCloseTo(plain, 12);
    expect(
      (
        await run(
          s,
          [
            [21, 28],
            [7, 0],
          ],
          means,
          [0, 1],
        )
      ).value,
    ).toBeGreaterThan(plain + 0.1);
  });

  it("is a mean: repeating the batch changes nothing", async () => {
    const s = [
      [0.3, 0.8],
      [2, -1],
    ];
    const t = [
      [1, 1],
      [0.5, 0],
    ];
    const once = (await run(s, t, axes, [0, 1])).value;
    expect((await run([...s, ...s], [...t, ...t], axes, [0, 1, 0, 1])).value).toBeCloseTo(once, 12);
  });
});
