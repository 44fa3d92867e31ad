import { describe, expect, it } from "vitest";
import { disagreement, drawn } from "./agreement.test-helper.ts";
import { logSumExp, max, mean, min, softmax, sum, variance } from "./reduce.ts";

const F32 = 1e-5;

describe("reductions", () => {
  // f32 sums over leading axes take a path of their own (a product with ones), f64 ones do not.
  it.each([[[0]], [[1]], [[2]], [[0, 1]], [[0, 2]], [[1, 2]], [[0, 1, 2]], [[]]])(
    "f32 agrees with f64 over axes %j, kept or not",
    async (axes) => {
      for (const reduce of [sum, mean, variance, logSumExp, max, min])
        for (const keep of [false, true]) {
          const errors = await disagreement((x) => reduce(x!, axes, keep), [drawn(1, [7, 3, 5])]);
          for (const [what, error] of Object.entries(errors))
            expect(error, `${what} of ${reduce.name}`).toBeLessThan(F32);
        }
    },
  );
  it("softmax is stable and agrees with f64", async () => {
    for (const axis of [0, 1, -1]) {
      const x = drawn(2, [4, 5, 3]);
      const errors = await disagreement((t) => softmax(t!, axis), [x]);
      for (const [what, error] of Object.entries(errors)) expect(error, what).toBeLessThan(F32);
      // Gradients of saturated weights are differences of nearly equal numbers: only the values are compared.
      const { "results 0": saturated } = await disagreement((t) => softmax(t!.mul(500), axis), [x]);
      expect(saturated).toBeLessThan(F32);
    }
  });
});
