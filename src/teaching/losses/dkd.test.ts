import { describe, expect, it } from "vitest";
import { dkd } from "./dkd.ts";
import { kd } from "./kd.ts";
import { evaluateLoss, matrix } from "./testing.ts";

const given = (s: number[][], t: number[][], labels: number[]) => ({
  student: { logits: matrix(s, "f64") },
  teacher: { logits: matrix(t, "f64") },
  labels,
});

describe("dkd", () => {
  it.each([1, 4])("T²KL = TCKD + (1 - p_t,y)·NCKD per example, T = %d", async (temperature) => {
    const [s, t] = [[[1.2, -0.4, 3, 0.1]], [[2, 0.3, 1, -1]]];
    for (const label of [0, 3]) {
      const { parts } = await evaluateLoss(dkd({ temperature }), given(s, t, [label]));
      const hinton = (await evaluateLoss(kd({ temperature }), given(s, t, [label]))).value;
      const e = t[0]!.map((v) => Math.exp(v / temperature));
      const doubt = 1 - e[label]! / e.reduce((a, b) => a + b);
      expect(parts.tckd![0]! + doubt * parts.nckd![0]!).toBeCloseTo(hinton, 10);
    }
  });

  it("does not let the target's logit into the other classes", async () => {
    const run = (z: number) => evaluateLoss(dkd({ alpha: 0, beta: 1 }), given([[z, 1, 2]], [[0, 2, 1]], [0]));
    const [a, b] = [await run(0), await run(9000)];
    expect(b.value).toBeCloseTo(a.value, 12);
    expect(b.gradients.logits![0]).toBe(0);
  });

  it("has no other-class part with two classes", async () => {
    const { parts } = await evaluateLoss(dkd(), given([[3, 1]], [[0, 2]], [1]));
    expect(parts.nckd![0]).toBe(0);
    expect(parts.tckd![0]).toBeGreaterThan(0);
  });
});
