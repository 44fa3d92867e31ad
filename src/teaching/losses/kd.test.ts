import { describe, expect, it } from "vitest";
import { kd } from "./kd.ts";
import { evaluateLoss, matrix } from "./testing.ts";

const student = [
  [1.2, -0.4, 3, 0.1],
  [0.5, 0.2, -1, 2],
];
const teacher = [
  [2, 0.3, 1, -1],
  [0.1, 0.9, 0.4, 1.5],
];
const at = (s: number[][], t: number[][], temperature: number) =>
  evaluateLoss(kd({ temperature }), { student: { logits: matrix(s, "f64") }, teacher: { logits: matrix(t, "f64") } });

describe("kd", () => {
  it("has the closed-form gradient T(σ(z_s/T) - σ(z_t/T))", async () => {
    const { gradients } = await at([[1, 0]], [[0, 1]], 2);
    expect(gradients.logits![0]).toBeCloseTo(0.4898, 4);
    expect(gradients.logits![1]).toBeCloseTo(-0.4898, 4);
  });

  it("tends to the centred squared error / 2C at high temperature", async () => {
    const centred = (z: number[]) => z.map((v) => v - z.reduce((a, b) => a + b) / z.length);
    const mse = student.map((s, b) => {
      const t = centred(teacher[b]!);
      return centred(s).reduce((sum, v, i) => sum + (v - t[i]!) ** 2, 0) / 8;
    });
    const expected = (mse[0]! + mse[1]!) / 2;
    expect(Math.abs((await at(student, teacher, 1e3)).value / expected - 1)).toBeLessThan(0.01);
  });

  it("keeps the size of its gradient when T grows (the T² law)", async () => {
    const size = (g: number[]) => Math.hypot(...g);
    const [a, b] = [await at(student, teacher, 50), await at(student, teacher, 100)];
    // Both are near the limit; without the factor T² the ratio would be 4.
    expect(size(a.gradients.logits!) / size(b.gradients.logits!)).toBeCloseTo(1, 1);
  });

  it("is not symmetric: the teacher's probabilities weigh the sum", async () => {
    const [a, b] = [await at(student, teacher, 1), await at(teacher, student, 1)];
    expect(Math.abs(a.value - b.value)).toBeGreaterThan(0.01);
    const soft = (z: number[]) => z.map((v) => Math.exp(v) / z.reduce((s, x) => s + Math.exp(x), 0));
    const kl = student.map((s, i) => {
      const [p, q] = [soft(teacher[i]!), soft(s)];
      return p.reduce((sum, v, c) => sum + v * Math.log(v / q[c]!), 0);
    });
    expect(a.value).toBeCloseTo((kl[0]! + kl[1]!) / 2, 10);
  });
});
