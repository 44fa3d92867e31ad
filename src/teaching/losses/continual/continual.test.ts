import { describe, expect, it } from "vitest";
import { drawDigits } from "../../../data/digits.ts";
import { mlp } from "../../../nn/index.ts";
import { constant, evaluate, grad, host, key, program, type Tensor, toNumbers } from "../../../tensor/index.ts";
import { unitInput } from "../../input.ts";
import { forward, type Network } from "../../network.ts";
import { crossEntropy } from "../cross-entropy.ts";
import { evaluateLoss, matrix, values } from "../testing.ts";
import { weighted } from "../weighted.ts";
import { fisherInformation } from "./fisher.ts";
import { lwf } from "./lwf.ts";
import { consolidate, ewcPenalty, onlineAnchor, pathIntegral } from "./penalty.ts";

const logits = (rows: number[][]) => ({ logits: matrix(rows, "f64") });
const given = {
  student: logits([[1, 0, -1, 2]]),
  teacher: logits([[0, 2, 1, -5]]),
  labels: [1],
};

describe("lwf", () => {
  it("with weight 0 it is naive training, bit for bit", async () => {
    const naive = await evaluateLoss(weighted({ ce: [1, crossEntropy()] }), given);
    const off = await evaluateLoss(weighted({ ce: [1, crossEntropy()], lwf: [0, lwf()] }), given);
    expect(off).toEqual(naive);
  });

  it("looks at the classes seen before only, and has no factor T² unless asked", async () => {
    const loss = lwf({ classes: [0, 1, 2] });
    const { value, gradients } = await evaluateLoss(loss, given);
    expect(gradients.logits![3]).toBe(0);
    const moved = { ...given, student: logits([[1, 0, -1, 50]]) };
    expect((await evaluateLoss(loss, moved)).value).toBe(value);
    const squared = await evaluateLoss(lwf({ classes: [0, 1, 2], square: true }), given);
    expect(squared.value).toBeCloseTo(4 * value, 12);
    const same = await evaluateLoss(loss, { ...given, teacher: given.student });
    expect(same.value).toBeCloseTo(0, 14);
  });

  it("refuses classes that are not there", async () => {
    for (const classes of [[], [4], [-1]]) {
      await expect(evaluateLoss(lwf({ classes }), given)).rejects.toMatchObject({ code: "E_LOSS_CLASSES" });
    }
  });
});

describe("ewc", () => {
  const anchor = { params: Float32Array.of(1, -2, 3), importance: Float32Array.of(2, 0, 5) };
  const run = async (theta: number[], half: boolean) => {
    const step = program((t: Tensor) => {
      const value = ewcPenalty(t, [anchor], { strength: 4, half });
      return { value, gradient: grad(value, [t])[0]! };
    });
    const { value, gradient } = await step(values(theta, [3]));
    await step.release();
    return { value: toNumbers(value)[0]!, gradient: toNumbers(gradient) };
  };

  it("pulls by λF(θ-θ*) in the paper's convention, by twice that in Avalanche's", async () => {
    expect(await run([2, 7, 1], true)).toEqual({ value: 2 * (2 + 5 * 4), gradient: [8, 0, -40] });
    expect(await run([2, 7, 1], false)).toEqual({ value: 4 * (2 + 5 * 4), gradient: [16, 0, -80] });
  });

  it("has gradient exactly 0 at the anchor, and none without anchors", async () => {
    const { value, gradient } = await run([1, -2, 3], true);
    expect(value).toBe(0);
    expect(gradient.every((g) => g === 0)).toBe(true);
    const nothing = await evaluate(ewcPenalty(constant(values([1, 2], [2])), [], { strength: 1 }));
    expect(toNumbers(nothing)).toEqual([0]);
  });

  it("online: decays the old importance, moves the anchor", () => {
    const now = { params: Float32Array.of(0, 0, 0), importance: Float32Array.of(1, 1, 1) };
    const both = onlineAnchor(anchor, now, 0.5);
    expect([...both.importance]).toEqual([2, 1, 3.5]);
    expect(both.params).toBe(now.params);
    expect(onlineAnchor(undefined, anchor)).toBe(anchor);
  });

  it("refuses an anchor of another model", () => {
    const params = constant(values([1, 2], [2]));
    expect(() => ewcPenalty(params, [anchor], { strength: 1 })).toThrowError(
      expect.objectContaining({ code: "E_PARAM_SHAPE" }),
    );
    expect(() => ewcPenalty(params, [], { strength: -1 })).toThrowError(expect.objectContaining({ code: "E_RANGE" }));
  });
});

describe("si", () => {
  it("the path integral adds up to the loss that was lost: 1/2 k θ² walked down", async () => {
    const k = [4, 1];
    let [theta, omega] = [
      [1, 1],
      [0, 0],
    ];
    for (let i = 0; i < 400; i++) {
      const gradient = theta!.map((t, j) => k[j]! * t);
      const next = theta!.map((t, j) => t - 0.005 * gradient[j]!);
      const c = (v: number[]) => constant(values(v, [2], "f64"));
      if (i < 3) {
        const by = toNumbers(await evaluate(pathIntegral(c(omega!), c(gradient), c(theta!), c(next))));
        for (const [j, w] of by.entries())
          expect(w).toBeCloseTo(omega![j]! + gradient[j]! * (theta![j]! - next[j]!), 12);
      }
      omega = omega!.map((w, j) => w + gradient[j]! * (theta![j]! - next[j]!));
      theta = next;
    }
    for (const [j, w] of omega!.entries()) expect(w).toBeCloseTo((k[j]! * (1 - theta![j]! ** 2)) / 2, 1);
  });

  it("consolidates to importance per squared way", () => {
    const task = { start: Float32Array.of(0, 0), end: Float32Array.of(2, 0), omega: Float32Array.of(8.2, -1) };
    const { importance, params } = consolidate(undefined, task, 0.1);
    expect(importance[0]).toBeCloseTo(2, 6);
    expect(importance[1]).toBe(0);
    expect(params).toBe(task.end);
  });
});

describe("fisher information", () => {
  const data = drawDigits(key(2), 40, "digits");
  const network: Network = {
    model: mlp({ inputShape: [1, 28, 28], classes: 10, hidden: [3] }),
    normalise: data.normalise!,
  };
  const state = network.model.init(key(5));
  const about = { key: key(7), examples: 12 };
  /** Squared gradient of log p(label) of one example, by hand. */
  const single = async (i: number, label: number) => {
    const size = 784;
    const x = host(data.inputs.slice(i * size, (i + 1) * size), [1, 1, 28, 28]);
    const step = program((params: Tensor, picture: Tensor) => {
      const held = { params, buffers: constant(host(new Float32Array(0))) };
      const log = forward(network, held, unitInput(picture)).logits.logSoftmax();
      return { g: grad(log.slice(1, label, label + 1).sum(), [params])[0]!, p: log.exp() };
    });
    const { g, p } = await step(host(state.params), x);
    await step.release();
    return { square: toNumbers(g).map((v) => v * v), p: toNumbers(p) };
  };

  it("empirical: the mean of squared gradients at the labels", async () => {
    const fisher = await fisherInformation(network, state, data, { ...about, kind: "empirical", examples: 3 });
    const each = await Promise.all([0, 1, 2].map((i) => single(i, data.labels[i]!)));
    const expected = each[0]!.square.map((_, j) => each.reduce((sum, e) => sum + e.square[j]!, 0) / 3);
    const top = Math.max(...expected);
    expect(Math.max(...expected.map((e, j) => Math.abs(fisher[j]! - e)))).toBeLessThan(1e-5 * top);
  });

  it("true: tends to the expectation over the model's own answers", async () => {
    // One picture, many draws: its expectation is a sum over the ten classes.
    const size = 784;
    const one = { ...data, inputs: new Uint8Array(200 * size), labels: new Int32Array(200) };
    for (let i = 0; i < 200; i++) one.inputs.set(data.inputs.subarray(0, size) as Uint8Array, i * size);
    const fisher = await fisherInformation(network, state, one, { key: key(7) });
    const each = await Promise.all(Array.from({ length: 10 }, (_, c) => single(0, c)));
    const trace = each.reduce((sum, { square, p }, c) => sum + p[c]! * square.reduce((a, b) => a + b), 0);
    const measured = fisher.reduce((a, b) => a + b);
    expect(Math.abs(measured / trace - 1)).toBeLessThan(0.2);
    const again = await fisherInformation(network, state, one, { key: key(7), examples: 5 });
    expect(await fisherInformation(network, state, one, { key: key(7), examples: 5 })).toEqual(again);
  });

  it("batch (Avalanche): with batches of one the empirical one, with larger ones smaller", async () => {
    const [empirical, ones, fours] = [
      await fisherInformation(network, state, data, { ...about, kind: "empirical" }),
      await fisherInformation(network, state, data, { ...about, kind: "batch", batchSize: 1 }),
      await fisherInformation(network, state, data, { ...about, kind: "batch", batchSize: 4 }),
    ];
    expect(ones).toEqual(empirical);
    const trace = (f: Float32Array) => f.reduce((a, b) => a + b);
    expect(trace(fours)).toBeLessThan(0.8 * trace(empirical));
  });

  it("refuses no examples", async () => {
    const none = fisherInformation(network, state, data, { key: key(1), examples: 0 });
    await expect(none).rejects.toMatchObject({ code: "E_RANGE" });
  });
});
