import { describe, expect, test } from "vitest";
import {
  constant,
  grad,
  type HostTensor,
  host,
  key,
  keyValue,
  program,
  random,
  stack,
  type Tensor,
} from "../../tensor/index.ts";
import { viewParams } from "../layout.ts";
import { defineModel } from "../model.ts";
import type { Scope } from "../scope.ts";
import {
  batchNorm,
  conv1d,
  conv2d,
  dropout,
  embedding,
  groupNorm,
  gru,
  layerNorm,
  linear,
  multiHeadAttention,
  rmsNorm,
} from "./index.ts";

const values = (seed: number, n: number) => Float64Array.from(random.normal(key(seed), n));
const f64 = (t: HostTensor) => t.data as Float64Array;

/** Layers as models of their own, in f64, training mode: output and new buffers for given parameters. */
function runner(shape: readonly number[], forward: (scope: Scope, x: Tensor) => Tensor) {
  const model = defineModel("layer", shape.slice(1), forward);
  const run = program((params: Tensor, buffers: Tensor, x: Tensor) => {
    const { output, buffers: next } = model.apply({ params, buffers }, x, { train: true });
    const weights = output.mul(output).sum();
    return { output, next, grads: grad(weights, [params])[0]!, weights };
  });
  const call = (params: Float64Array, x: Float64Array) =>
    run(host(params), host(Float64Array.from(model.init(key(1)).buffers)), host(x, shape));
  return { model, call, release: () => run.release() };
}

describe("gradients agree with central differences", () => {
  const heads = { heads: 4, keyHeads: 2, causal: true, rotary: true };
  test.each<[string, number[], (scope: Scope, x: Tensor) => Tensor]>([
    ["linear", [3, 4, 5], (s, x) => linear(s, x, 2)],
    ["conv1d", [2, 4, 7], (s, x) => conv1d(s, x, 6, 3, { groups: 2, dilation: 2 })],
    ["conv2d", [2, 3, 6, 6], (s, x) => conv2d(s, x, 4, 3, { stride: 2 })],
    // Twice the square: sums over a batch-normalised output alone do not depend on the input.
    ["batchNorm", [4, 3, 2, 2], (s, x) => batchNorm(s.at("bn"), conv2d(s.at("c"), x, 3, 1)).square()],
    ["layerNorm", [3, 6], (s, x) => layerNorm(s.at("ln"), linear(s.at("fc"), x, 6)).square()],
    ["rmsNorm", [3, 6], (s, x) => rmsNorm(s.at("n"), linear(s.at("fc"), x, 6)).square()],
    ["groupNorm", [2, 4, 3, 3], (s, x) => groupNorm(s.at("n"), conv2d(s.at("c"), x, 4, 1), 2).square()],
    ["attention", [2, 5, 16], (s, x) => multiHeadAttention(s, x, heads)],
    ["gru", [2, 4, 3], (s, x) => gru(s, x, 3, { layers: 2 }).states],
  ])("%s", async (_name, shape, forward) => {
    const { model, call, release } = runner(shape, forward);
    const params = values(2, model.params.size).map((v) => v * 0.5);
    const x = values(
      3,
      shape.reduce((a, b) => a * b),
    );
    const g = f64((await call(params, x)).grads);
    const direction = values(4, params.length);
    const step = 1e-5;
    const at = async (by: number) =>
      f64(
        (
          await call(
            params.map((p, i) => p + by * direction[i]!),
            x,
          )
        ).weights,
      )[0]!;
    const slope = ((await at(step)) - (await at(-step))) / (2 * step);
    await release();
    const mine = g.reduce((s, v, i) => s + v * direction[i]!, 0);
    // Truncation of order step², rounding of order 1e-16/step: far below 1e-6.
    expect(Math.abs(mine - slope) / Math.max(1, Math.abs(slope))).toBeLessThan(1e-6);
  });
});

describe("batch norm", () => {
  const model = defineModel("bn", [2], (s, x) => batchNorm(s, x, { momentum: 0.25 }));
  const x = [1, 10, 3, 20, 5, 60];
  test("trains on the batch, records the unbiased variance, evaluates with what it recorded", async () => {
    const run = program((params: Tensor, buffers: Tensor, input: Tensor) => {
      const trained = model.apply({ params, buffers }, input, { train: true });
      const judged = model.apply({ params, buffers: trained.buffers }, input);
      return { y: trained.output, z: judged.output, buffers: trained.buffers, same: judged.buffers };
    });
    const start = model.init(key(1));
    const out = await run(host(start.params), host(start.buffers), host(x, [3, 2]));
    await run.release();
    // Column 0: mean 3, variance 8/3 (unbiased 4); column 1: mean 30, unbiased variance 700.
    const expected = [0.25 * 3, 0.25 * 30, 0.75 + 0.25 * 4, 0.75 + 0.25 * 700];
    expected.forEach((v, i) => {
      expect(Number(out.buffers.data[i]) / v).toBeCloseTo(1, 6);
    });
    expect(out.same).toEqual(out.buffers);
    expect(Number(out.y.data[0])).toBeCloseTo(-2 / Math.sqrt(8 / 3 + 1e-5), 5);
    expect(Number(out.z.data[0])).toBeCloseTo((1 - 0.75) / Math.sqrt(1.75 + 1e-5), 5);
  });
});

describe("attention", () => {
  test("its tapped weights are those it mixes with", async () => {
    const model = defineModel("mha", [4, 8], (s, x) =>
      multiHeadAttention(s, x, { heads: 4, keyHeads: 2, causal: true }),
    );
    const run = program((params: Tensor, buffers: Tensor, x: Tensor) => {
      const { output, taps } = model.apply({ params, buffers }, x);
      return { output, v: taps.get("v")!, weights: taps.get("attention")! };
    });
    const params = values(7, model.params.size);
    const out = await run(host(params), host(new Float64Array(0)), host(values(8, 2 * 4 * 8), [2, 4, 8]));
    await run.release();
    expect(out.weights.shape).toEqual([2, 4, 4, 4]);
    const named = viewParams(model.params, Float32Array.from(params));
    const [w, v] = [f64(out.weights), f64(out.v)];
    // Example 1, time 2: weights x values of the shared key head, then the projection.
    const mixed = [0, 1, 2, 3].flatMap((h) =>
      [0, 1].map((d) => {
        let sum = 0;
        for (let s = 0; s < 4; s++) sum += w[((4 + h) * 4 + 2) * 4 + s]! * v[((2 + (h >> 1)) * 4 + s) * 2 + d]!;
        return sum;
      }),
    );
    const proj = named.get("proj.weight")!.data;
    const bias = named.get("proj.bias")!.data;
    for (let o = 0; o < 8; o++) {
      const want = mixed.reduce((s, m, i) => s + m * proj[o * 8 + i]!, bias[o]!);
      expect(f64(out.output)[(4 + 2) * 8 + o]!).toBeCloseTo(want, 5);
    }
    // Causal: the first position sees itself only.
    expect(Array.from(w.slice(0, 4))).toEqual([1, 0, 0, 0]);
  });
});

test("an embedding looks rows up", async () => {
  const model = defineModel("table", [3], (s, tokens) => embedding(s, tokens, 5, 2), { inputDtype: "i32" });
  const run = program((params: Tensor, buffers: Tensor, x: Tensor) => [model.apply({ params, buffers }, x).output]);
  const { params, buffers } = model.init(key(1));
  const [out] = (await run(host(params), host(buffers), host(Int32Array.of(4, 0, 4), [1, 3]))) as [HostTensor];
  await run.release();
  expect(Array.from(out.data as Float32Array)).toEqual([8, 9, 0, 1, 8, 9].map((i) => params[i]));
});

test("dropout keeps its share, scales it, and draws anew at every place and key", async () => {
  const model = defineModel("drop", [1000], (s, x) => {
    const twice = [dropout(s.at("a"), x, 0.25), dropout(s.at("a"), x, 0.25), dropout(s.at("b"), x, 0.25)];
    return stack(twice, 1);
  });
  const run = program((key: Tensor, x: Tensor) => {
    const state = { params: constant(host(new Float32Array(0))), buffers: constant(host(new Float32Array(0))) };
    return {
      train: model.apply(state, x, { train: true, key }).output,
      judge: model.apply(state, x).output,
    };
  });
  const ones = host(new Float32Array(1000).fill(1), [1, 1000]);
  const draw = async (seed: number) => (await run(keyValue(key(seed)), ones)).train.data as Float32Array;
  const first = await draw(1);
  expect(new Set(first)).toEqual(new Set([0, Math.fround(1 / 0.75)]));
  const rows = [0, 1, 2].map((r) => first.slice(r * 1000, (r + 1) * 1000));
  // The share of 1000 draws has a standard error of 1.4 %.
  for (const row of rows) expect(Math.abs(row.filter((v) => v === 0).length / 1000 - 0.25)).toBeLessThan(0.06);
  expect(rows[0]).not.toEqual(rows[1]);
  expect(rows[0]).not.toEqual(rows[2]);
  expect(await draw(1)).toEqual(first);
  expect(await draw(2)).not.toEqual(first);
  expect(new Set((await run(keyValue(key(1)), ones)).judge.data as Float32Array)).toEqual(new Set([1]));
  await run.release();
});

test("dropout without a key says what is missing", async () => {
  const model = defineModel("drop", [4], (s, x) => dropout(s.at("drop1"), x, 0.5));
  const x = constant(host(new Float32Array(4), [1, 4]));
  const none = constant(host(new Float32Array(0)));
  expect(() => model.apply({ params: none, buffers: none }, x, { train: true })).toThrow(
    'drop draws randomness at "drop1" while training.',
  );
});

test("layers name the input they cannot take", () => {
  expect(() => defineModel("m", [4, 6], (s, x) => multiHeadAttention(s, x, { heads: 4 }))).toThrow(
    "Attention with 4 heads (4 for keys) got input f32[1,4,6].",
  );
  expect(() => defineModel("m", [4], (s, x) => conv2d(s.at("conv1"), x, 3, 3))).toThrow(
    'conv2d at "conv1" got input f32[1,4]. Expected [batch, channels, 2 spatial axes].',
  );
});
