import { describe, expect, it } from "vitest";
import { at } from "./at.ts";
import { evaluateLoss, values } from "./testing.ts";

const map = (seed: number, scale = 1) => Array.from({ length: 24 }, (_, i) => scale * Math.sin(seed * 7 + i * i));
const run = (s: number[], t: number[]) =>
  evaluateLoss(at({ pairs: [["m", "m"]] }), {
    student: { taps: { m: values(s, [2, 3, 2, 2], "f64") } },
    teacher: { taps: { m: values(t, [2, 3, 2, 2], "f64") } },
  });

describe("at", () => {
  it("ignores a positive factor, and is not blind to anything else", async () => {
    const plain = await run(map(1), map(2));
    expect(plain.value).toBeGreaterThan(1e-3);
    expect((await run(map(1, 40), map(2, 0.3))).value).toBeCloseTo(plain.value, 12);
  });

  it("by hand: one channel, attention proportional to squares", async () => {
    const { value } = await evaluateLoss(at({ pairs: [["m", "m"]] }), {
      student: { taps: { m: values([1, 0], [1, 1, 1, 2], "f64") } },
      teacher: { taps: { m: values([1, 1], [1, 1, 1, 2], "f64") } },
    });
    const h = Math.SQRT1_2;
    expect(value).toBeCloseTo(((1 - h) ** 2 + h ** 2) / 2, 12);
  });

  it("gives 0 and no NaN for maps of zeros", async () => {
    const { value, gradients } = await run(Array(24).fill(0), Array(24).fill(0));
    expect(value).toBe(0);
    expect(gradients.m!.every((g) => g === 0)).toBe(true);
  });
});
