import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { host, toNumbers } from "../host.ts";
import { program } from "../program.ts";
import { bits, fold, key, normal, uniform } from "../random.ts";
import type { Tensor } from "../tensor.ts";
import {
  foldKey,
  keyValue,
  randomBernoulli,
  randomBits,
  randomGumbel,
  randomNormal,
  randomPermutation,
  randomUniform,
} from "./random.ts";

describe("random numbers in a program", () => {
  it("equal the host's, bit for bit", async () => {
    for (const shape of [[1], [2], [7], [3, 5], [1000]]) {
      const n = shape.reduce((a, b) => a * b, 1);
      const run = program((k: Tensor) => ({
        bits: randomBits(k, shape),
        uniform: randomUniform(k, shape),
        normal: randomNormal(k, shape),
      }));
      for (const seed of [0, 1, -5, 2 ** 45 + 3]) {
        const k = key(seed);
        const out = await run(keyValue(k));
        expect(out.bits).toEqual({ dtype: "u32", shape, data: bits(k, n) });
        expect(out.uniform).toEqual({ dtype: "f32", shape, data: uniform(k, n) });
        // Box-Muller in f32 against f64: the angle's rounding, times a radius of at most 5.8.
        const exact = normal(k, n);
        toNumbers(out.normal).forEach((v, i) => {
          expect(Math.abs(v - exact[i]!)).toBeLessThan(1e-5);
        });
      }
      await run.release();
    }
  });

  it("foldKey equals fold, for numbers and for a step counter", async () => {
    const byStep = program((k: Tensor, step: Tensor) => foldKey(k, step));
    await fc.assert(
      fc.asyncProperty(fc.maxSafeInteger(), fc.nat(), async (seed, step) => {
        const k = key(seed);
        const folded = await byStep(keyValue(k), host(Int32Array.of(step), []));
        expect(folded.data).toEqual(keyValue(fold(k, step)).data);
      }),
      { numRuns: 20 },
    );
    for (const data of [0, 7, 2 ** 31, 2 ** 32 + 5, 2 ** 50 + 1, -1]) {
      const run = program((k: Tensor) => foldKey(k, data));
      expect((await run(keyValue(key(3)))).data, String(data)).toEqual(keyValue(fold(key(3), data)).data);
    }
  });

  it("distributions", async () => {
    const n = 50_000;
    const run = program((k: Tensor) => ({
      coin: randomBernoulli(foldKey(k, 1), 0.3, [n]),
      gumbel: randomGumbel(foldKey(k, 2), [n]),
      order: randomPermutation(foldKey(k, 3), 1000),
    }));
    const { coin, gumbel, order } = await run(keyValue(key(5)));
    const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    // Four standard errors.
    expect(Math.abs(mean(toNumbers(coin)) - 0.3)).toBeLessThan(4 * Math.sqrt(0.21 / n));
    const g = toNumbers(gumbel);
    expect(g.every(Number.isFinite)).toBe(true);
    expect(Math.abs(mean(g) - 0.5772156649)).toBeLessThan((4 * Math.PI) / Math.sqrt(6 * n));
    const moved = toNumbers(order);
    expect([...moved].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(moved.filter((v, i) => v === i).length).toBeLessThan(10);
  });

  it("refuses what is not a key", async () => {
    const message = (fn: (k: Tensor) => Tensor, k = keyValue(key(1))) =>
      program(fn)
        .compile(k)
        .then(
          () => "compiled",
          (e: Error) => e.message,
        );
    expect(await message((k) => randomUniform(k.cast("f32"), [2]))).toMatchInlineSnapshot(
      `"f32[2] is not a random key. Pass keyValue(key) as an argument."`,
    );
    expect(await message((k) => randomBernoulli(k, 1.5, [2]))).toMatchInlineSnapshot(`"1.5 is not a probability."`);
    expect(await message((k) => foldKey(k, 0.5))).toMatchInlineSnapshot(`"foldKey got 0.5. Use an integer."`);
  });
});
