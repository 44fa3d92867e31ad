import { describe, expect, it } from "vitest";
import { fitnet } from "./fitnet.ts";
import { evaluateLoss, matrix, values } from "./testing.ts";

const loss = fitnet({ student: "h", teacher: "g" });

describe("fitnet", () => {
  it("is the mean squared difference, and scale matters", async () => {
    const run = (k: number) =>
      evaluateLoss(loss, {
        student: { taps: { h: matrix([[k, 2 * k]]) } },
        teacher: { taps: { g: matrix([[1, 4]]) } },
      });
    expect((await run(1)).value).toBe(2);
    expect((await run(2)).value).toBe(0.5);
  });

  it("trains an adapter where widths differ", async () => {
    const { value, gradients } = await evaluateLoss(loss, {
      student: { taps: { h: matrix([[1, 2]], "f64") } },
      teacher: { taps: { g: matrix([[1, 0, 5]], "f64") } },
      adapters: {
        weight: matrix(
          [
            [1, 0, 1],
            [0, 1, 2],
          ],
          "f64",
        ),
        bias: values([0, -1, 0], [3], "f64"),
      },
    });
    // r = (1, 1, 5) against (1, 0, 5): only the middle entry is off, by 1.
    expect(value).toBeCloseTo(1 / 3, 12);
    expect(gradients["adapter.bias"]).toEqual([0, 2 / 3, 0]);
    expect(gradients["adapter.weight"]).toEqual([0, 2 / 3, 0, 0, 4 / 3, 0]);
  });

  it("averages the larger map down", async () => {
    const { value } = await evaluateLoss(loss, {
      student: { taps: { h: values([1, 3, 5, 7], [1, 1, 2, 2]) } },
      teacher: { taps: { g: values([2], [1, 1, 1, 1]) } },
    });
    expect(value).toBe(4);
  });

  it("refuses a vector against a map", async () => {
    const bad = evaluateLoss(loss, {
      student: { taps: { h: matrix([[1]]) } },
      teacher: { taps: { g: values([1], [1, 1, 1, 1]) } },
    });
    await expect(bad).rejects.toMatchObject({ code: "E_LOSS_SHAPE" });
  });
});
