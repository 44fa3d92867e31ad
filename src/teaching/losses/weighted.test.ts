import { describe, expect, it } from "vitest";
import { random, randomUniform } from "../../tensor/index.ts";
import { crossEntropy } from "./cross-entropy.ts";
import { dkd } from "./dkd.ts";
import { kd } from "./kd.ts";
import type { Loss } from "./loss.ts";
import { evaluateLoss, matrix } from "./testing.ts";
import { warmUp, weighted } from "./weighted.ts";

const given = {
  student: { logits: matrix([[1, 0, -1]], "f64") },
  teacher: { logits: matrix([[0, 2, 1]], "f64") },
  labels: [1],
};

describe("weighted", () => {
  it("adds values and gradients, and logs unweighted parts by name", async () => {
    const [ce, hinton] = [await evaluateLoss(crossEntropy(), given), await evaluateLoss(kd(), given)];
    const sum = await evaluateLoss(weighted({ ce: [0.1, crossEntropy()], kd: [0.9, kd()], dkd: [0.5, dkd()] }), given);
    const half = (await evaluateLoss(dkd(), given)).value / 2;
    expect(sum.value).toBeCloseTo(0.1 * ce.value + 0.9 * hinton.value + half, 12);
    expect(Object.keys(sum.parts)).toEqual(["ce", "kd", "dkd.tckd", "dkd.nckd"]);
    expect(sum.parts.kd![0]).toBe(hinton.value);
  });

  it("leaves a loss of weight 0 out, bit for bit", async () => {
    const [a, b] = [
      await evaluateLoss(weighted({ kd: [0.9, kd()] }), given),
      await evaluateLoss(weighted({ kd: [0.9, kd()], dkd: [0, dkd()] }), given),
    ];
    expect(b).toEqual(a);
  });

  it("refuses sums of nothing and weights that are no numbers", () => {
    expect(() => weighted({ kd: [0, kd()] })).toThrowError(expect.objectContaining({ code: "E_LOSS_EMPTY" }));
    expect(() => weighted({ kd: [Number.NaN, kd()] })).toThrowError(expect.objectContaining({ code: "E_LOSS_WEIGHT" }));
  });
});

it("gives every loss draws of its own", async () => {
  const noise: Loss = (outputs, _targets, { key }) => {
    const loss = randomUniform(key!, [1]).sum().add(outputs.logits.sum().mul(0));
    return { loss, parts: { noise: loss } };
  };
  const run = (seed: number) =>
    evaluateLoss(weighted({ a: [1, noise], b: [1, noise] }), {
      ...given,
      student: { logits: matrix([[1, 0, -1]]) },
      key: random.key(seed),
    });
  const [first, again, other] = [await run(1), await run(1), await run(2)];
  expect(first.parts.a).not.toEqual(first.parts.b);
  expect(again.parts).toEqual(first.parts);
  expect(other.parts.a).not.toEqual(first.parts.a);
});

describe("warmUp", () => {
  it("grows linearly, then stays", async () => {
    const full = (await evaluateLoss(kd(), given)).value;
    const at = async (progress: number) => (await evaluateLoss(warmUp(0.5, kd()), { ...given, progress })).value;
    // progress is fed as f32: compare at its precision.
    const run = async (progress: number) => (await at(progress)) / full;
    expect(await run(0)).toBe(0);
    expect(await run(0.25)).toBeCloseTo(0.5, 6);
    expect(await run(0.75)).toBeCloseTo(1, 6);
  });
});
