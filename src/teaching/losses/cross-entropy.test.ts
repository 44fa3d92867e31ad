import { expect, it } from "vitest";
import { crossEntropy } from "./cross-entropy.ts";
import { evaluateLoss, matrix } from "./testing.ts";

const logits = [
  [2, -1, 0.5],
  [0.3, 0.1, -2],
];

it("smoothing is (1-ε)·CE + ε·(KL(u‖p) + log C)", async () => {
  const given = { student: { logits: matrix(logits, "f64") }, labels: [0, 2] };
  const plain = (await evaluateLoss(crossEntropy(), given)).value;
  const smooth = (await evaluateLoss(crossEntropy({ smoothing: 0.2 }), given)).value;
  const logP = logits.map((row) => row.map((z) => z - Math.log(row.reduce((s, v) => s + Math.exp(v), 0))));
  const kl = logP.map((row) => row.reduce((s, l) => s + (Math.log(1 / 3) - l) / 3, 0));
  const uniform = (kl[0]! + kl[1]!) / 2 + Math.log(3);
  expect(smooth).toBeCloseTo(0.8 * plain + 0.2 * uniform, 12);
});

it("gradient is (softmax - onehot) / B", async () => {
  const { gradients } = await evaluateLoss(crossEntropy(), {
    student: { logits: matrix([[0, 0]], "f64") },
    labels: [1],
  });
  expect(gradients.logits).toEqual([0.5, -0.5]);
});

it("is finite at ±1e4", async () => {
  const { value, gradients } = await evaluateLoss(crossEntropy(), {
    student: { logits: matrix([[1e4, -1e4]]) },
    labels: [1],
  });
  expect(value).toBe(2e4);
  expect(gradients.logits).toEqual([1, -1]);
});
