/** Weight min(1, epoch / (epochs/12)), epochs counted from 0. */
import { expect, it } from "vitest";
import { kd } from "../../teaching/losses/kd.ts";
import { evaluateLoss, matrix } from "../../teaching/losses/testing.ts";
import { epochWarmUp } from "./warmup.ts";

const sides = { student: { logits: matrix([[1, 0, 2]]) }, teacher: { logits: matrix([[0, 3, 1]]) } };
const at = async (epochs: number, progress?: number) =>
  (await evaluateLoss(epochWarmUp(epochs, kd()), { ...sides, ...(progress !== undefined && { progress }) })).value;

it("is 0 in the whole first epoch, then grows by epochs to 1", async () => {
  const whole = await at(240);
  const share = async (epoch: number) => (await at(240, epoch / 240)) / whole;
  expect(await share(0)).toBe(0);
  expect(await share(0.9)).toBe(0);
  expect(await share(1)).toBeCloseTo(1 / 20, 5);
  expect(await share(10.5)).toBeCloseTo(10 / 20, 5);
  expect(await share(20)).toBeCloseTo(1, 5);
  expect(await share(200)).toBeCloseTo(1, 5);
});

it("counts every first step of an epoch to that epoch, also after rounding", async () => {
  const whole = await at(36);
  for (const epoch of [1, 2, 3]) expect((await at(36, epoch / 36)) / whole).toBeCloseTo(Math.min(1, epoch / 3), 5);
});

it("leaves out one epoch of a short lesson", async () => {
  const whole = await at(6);
  expect((await at(6, 0.1)) / whole).toBe(0);
  expect((await at(6, 1 / 6)) / whole).toBeCloseTo(1, 5);
});
