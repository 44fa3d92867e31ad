import { expect, it } from "vitest";
import { crossEntropy } from "./cross-entropy.ts";
import { evaluateLoss, matrix } from "./testing.ts";
import { teacherFree } from "./tf-kd.ts";

const given = {
  student: {
    logits: matrix(
      [
        [2, -1, 0.5],
        [0.3, 0.1, -2],
      ],
      "f64",
    ),
  },
  labels: [0, 2],
};

it("a hot hand-made teacher is label smoothing with everything smoothed, up to a constant", async () => {
  const [tf, uniform] = [
    await evaluateLoss(teacherFree({ temperature: 1e6 }), given),
    await evaluateLoss(crossEntropy({ smoothing: 1 }), given),
  ];
  expect(tf.value).toBeCloseTo(uniform.value - Math.log(3), 6);
  for (const [i, g] of tf.gradients.logits!.entries()) expect(g).toBeCloseTo(uniform.gradients.logits![i]!, 6);
});

it("is 0 at the softened hand-made distribution", async () => {
  const logits = matrix([[0.99 / 20, 0.005 / 20, 0.005 / 20]], "f64");
  const { value, gradients } = await evaluateLoss(teacherFree(), { student: { logits }, labels: [0] });
  expect(value).toBeCloseTo(0, 14);
  expect(Math.hypot(...gradients.logits!)).toBeLessThan(1e-12);
});

it("is finite at ±1e4 and refuses a teacher that is never right", async () => {
  const { value } = await evaluateLoss(teacherFree(), { student: { logits: matrix([[1e4, -1e4]]) }, labels: [1] });
  expect(Number.isFinite(value)).toBe(true);
  expect(() => teacherFree({ correct: 0 })).toThrowError(expect.objectContaining({ code: "E_RANGE" }));
});
