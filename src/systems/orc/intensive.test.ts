/** Test 4 of the specification: the mixture and its loss. */
import { describe, expect, it } from "vitest";
import { crossEntropy } from "../../teaching/losses/cross-entropy.ts";
import { host, key, program, random, scalarOf, type Tensor } from "../../tensor/index.ts";
import { intensiveLoss, mixture, shareOfBatch } from "./intensive.ts";

const [B, C] = [4, 3];
const z = host(random.normal(key(1), B * C), [B, C]);
const y = host(Int32Array.of(0, 1, 2, 0));
const fed = host(Int32Array.of(2, 2, 0, 1));

const loss = program((logits: Tensor, a: Tensor, b: Tensor, lambda: Tensor) =>
  intensiveLoss({ logits, taps: new Map() }, a, b, lambda),
);
const ce = program(
  (logits: Tensor, labels: Tensor) => crossEntropy()({ logits, taps: new Map() }, undefined, { labels }).loss,
);
const at = async (lambda: number) => scalarOf(await loss(z, y, fed, lambda));

describe("the loss of intensive teaching", () => {
  it("is that of the batch for λ = 1 and that of the feedback for λ = 0", async () => {
    expect(await at(1)).toBe(scalarOf(await ce(z, y)));
    expect(await at(0)).toBe(scalarOf(await ce(z, fed)));
  });

  it("is linear in λ for a fixed mixture", async () => {
    const [zero, one] = [await at(0), await at(1)];
    for (const lambda of [0.1, 0.5, 0.77]) expect(await at(lambda)).toBeCloseTo(zero + lambda * (one - zero), 6);
  });
});

describe("the mixture", () => {
  const mix = program((x: Tensor, handed: Tensor, lambda: Tensor) => mixture({ x, handed, lambda }));
  const x = host(Uint8Array.of(0, 51, 102, 255), [4, 1]);
  const handed = host(Int32Array.of(3, 3, 0, 1));
  const of = async (lambda: number) => [...((await mix(x, handed, lambda)).data as Float32Array)];

  it("pairs the batch with the feedback, index by index", async () => {
    const close = async (lambda: number, expected: number[]) => {
      (await of(lambda)).forEach((v, i) => {
        expect(v).toBeCloseTo(expected[i]!, 6);
      });
    };
    await close(1, [0, 0.2, 0.4, 1]);
    await close(0, [1, 1, 0, 0.2]);
    await close(0.25, [0.75, 0.8, 0.1, 0.4]);
  });

  it("has shares from Beta(α, α), or one of its ends", () => {
    expect(shareOfBatch("train", 1, key(1))).toBe(1);
    expect(shareOfBatch("feedback", 1, key(1))).toBe(0);
    const draws = Array.from({ length: 400 }, (_, i) => shareOfBatch("mixup", 1, key(i)));
    const mean = draws.reduce((a, b) => a + b) / draws.length;
    // Beta(1, 1) is uniform: mean 1/2 with a standard error of 0.29 / 20.
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.06);
    expect(Math.min(...draws)).toBeLessThan(0.05);
    expect(Math.max(...draws)).toBeGreaterThan(0.95);
  });
});
