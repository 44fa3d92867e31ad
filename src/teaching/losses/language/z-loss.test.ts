import { expect, it } from "vitest";
import { random } from "../../../tensor/index.ts";
import { type Case, evaluateLoss, values } from "../testing.ts";
import { zLoss } from "./z-loss.ts";

const [B, T, V] = [2, 2, 4];
const given = (logits: readonly number[], tokens: readonly number[] = [0, 1, 2, 3]): Case => ({
  student: { logits: values(logits, [B, T, V], "f64") },
  tokens: values(tokens, [B, T], "i32"),
});
const draw = Array.from(random.normal(random.key(1), B * T * V), (v) => 2 * v);
const sums = (z: readonly number[]) =>
  Array.from({ length: B * T }, (_, i) => Math.log(z.slice(i * V, (i + 1) * V).reduce((s, v) => s + Math.exp(v), 0)));

it("is the mean square of the log normaliser", async () => {
  const { value } = await evaluateLoss(zLoss(), given(draw));
  expect(value).toBeCloseTo(sums(draw).reduce((sum, z) => sum + z * z, 0) / 4, 12);
  expect((await evaluateLoss(zLoss(), given(draw.map(() => 0)))).value).toBeCloseTo(Math.log(V) ** 2, 12);
});

it("vanishes, with its gradient, for log-probabilities", async () => {
  const normalised = draw.map((v, i) => v - sums(draw)[Math.floor(i / V)]!);
  const { value, gradients } = await evaluateLoss(zLoss(), given(normalised));
  expect(value).toBeLessThan(1e-24);
  for (const g of gradients.logits!) expect(Math.abs(g)).toBeLessThan(1e-12);
});

it("has the gradient 2·log Z·softmax, over the tokens that count", async () => {
  const { gradients } = await evaluateLoss(zLoss(), given(draw, [0, -100, 2, -100]));
  draw.forEach((v, i) => {
    const row = Math.floor(i / V);
    const wanted = row % 2 === 1 ? 0 : (2 * sums(draw)[row]! * Math.exp(v - sums(draw)[row]!)) / 2;
    expect(gradients.logits![i]).toBeCloseTo(wanted, 12);
  });
});

it("stays finite for logits of ±1e4 and for tokens that do not count", async () => {
  const far = draw.map((_, i) => (i % 2 ? 1e4 : -1e4));
  const { value, gradients } = await evaluateLoss(zLoss(), given(far));
  expect(value).toBeCloseTo((1e4 + Math.log(2)) ** 2, 2);
  expect(gradients.logits!.every(Number.isFinite)).toBe(true);
  expect((await evaluateLoss(zLoss(), given(far, [-100, -100, -100, -100]))).value).toBe(0);
});
