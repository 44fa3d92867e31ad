import { describe, expect, test } from "vitest";
import { type HostTensor, host, key, program, type Tensor } from "../tensor/index.ts";
import { describeModel } from "./describe.ts";
import * as init from "./init.ts";
import { linear } from "./layers/linear.ts";
import { getParam, maskOf, setParam, viewParams } from "./layout.ts";
import { defineModel } from "./model.ts";
import { mlp } from "./models/mlp.ts";

const tiny = mlp({ name: "tiny", inputShape: [2, 2], classes: 2, hidden: [3] });

describe("layout", () => {
  test("paths and offsets in order of first use", () => {
    expect(tiny.params).toEqual({
      size: 23,
      entries: [
        { path: "fc1.weight", shape: [3, 4], offset: 0, size: 12 },
        { path: "fc1.bias", shape: [3], offset: 12, size: 3 },
        { path: "fc2.weight", shape: [2, 3], offset: 15, size: 6 },
        { path: "fc2.bias", shape: [2], offset: 21, size: 2 },
      ],
    });
    expect(tiny.flops).toBe(2 * (4 * 3 + 3 * 2));
  });

  test("views share memory, copies do not, setParam writes", () => {
    const { params } = tiny.init(key(1));
    viewParams(tiny.params, params).get("fc2.bias")!.data[1] = 42;
    expect(params[22]).toBe(42);
    const copy = getParam(tiny.params, params, "fc2.bias");
    setParam(tiny.params, params, "fc2.bias", host([5, 6]));
    expect([Number(copy.data[1]), params[21], params[22]]).toEqual([42, 5, 6]);
  });

  test("masks by path", () => {
    expect(maskOf(tiny.params, (_path, shape) => shape.length > 1).reduce((a, b) => a + b)).toBe(18);
  });

  test("errors name the nearest path and the shapes", () => {
    const { params } = tiny.init(key(1));
    expect(() => getParam(tiny.params, params, "fc2.bais")).toThrow(
      'No parameter is called "fc2.bais". Known: fc1.weight, fc1.bias, fc2.weight, fc2.bias.',
    );
    expect(() => setParam(tiny.params, params, "fc2.bias", host([1]))).toThrow(
      '"fc2.bias" has shape [2], the given value [1].',
    );
    expect(() => viewParams(tiny.params, params.slice(1))).toThrow("A vector of 23 parameters was expected, got 22.");
  });
});

describe("init", () => {
  test("depends on the path, not on the neighbours", () => {
    const other = mlp({ inputShape: [2, 2], classes: 2, hidden: [3, 3] });
    const mine = getParam(tiny.params, tiny.init(key(7)).params, "fc1.weight");
    expect(getParam(other.params, other.init(key(7)).params, "fc1.weight")).toEqual(mine);
    expect(getParam(tiny.params, tiny.init(key(8)).params, "fc1.weight")).not.toEqual(mine);
  });
});

describe("apply", () => {
  const values = tiny.init(key(1));
  const x = host([1, -2, 3, 0.5, 0, 1, 0, -1], [2, 2, 2]);

  test("computes x Wᵀ + b, and taps by name", async () => {
    const run = program((params: Tensor, buffers: Tensor, input: Tensor) => {
      const { output, taps } = tiny.apply({ params, buffers }, input);
      return { output, tap: taps.get("output")!, features: taps.get("features")!, pre: taps.get("features.pre")! };
    });
    const out = await run(host(values.params), host(values.buffers), x);
    const p = viewParams(tiny.params, values.params);
    const dense = (v: number[], name: string, n: number) =>
      Array.from(
        { length: n },
        (_, o) =>
          v.reduce((s, a, i) => s + a * p.get(`${name}.weight`)!.data[o * v.length + i]!, 0) +
          p.get(`${name}.bias`)!.data[o]!,
      );
    const pre = [0, 1].flatMap((r) => dense(Array.from(x.data as Float32Array).slice(r * 4, r * 4 + 4), "fc1", 3));
    const h = pre.map((v) => Math.max(v, 0));
    const logits = [0, 1].flatMap((r) => dense(h.slice(r * 3, r * 3 + 3), "fc2", 2));
    // Sums of at most five f32 products.
    const near = (t: HostTensor, want: number[]) =>
      want.forEach((w, i) => {
        expect(Math.abs(Number(t.data[i]) - w)).toBeLessThan(1e-6);
      });
    near(out.pre, pre);
    near(out.features, h);
    near(out.output, logits);
    expect(out.tap).toEqual(out.output);
  });

  test("a frozen vector becomes constants with the same result", async () => {
    const { constant } = await import("../tensor/graph.ts");
    const frozen = program((input: Tensor) => [
      tiny.apply({ params: constant(host(values.params)), buffers: constant(host(values.buffers)) }, input).output,
    ]);
    const fed = program((params: Tensor, buffers: Tensor, input: Tensor) => [
      tiny.apply({ params, buffers }, input).output,
    ]);
    expect(await frozen(x)).toEqual(await fed(host(values.params), host(values.buffers), x));
  });

  test("wrong inputs", async () => {
    const run = program((params: Tensor, buffers: Tensor, input: Tensor) => [
      tiny.apply({ params, buffers }, input).output,
    ]);
    const call = (input: HostTensor) => run(host(values.params), host(values.buffers), input);
    await expect(call(host(new Float32Array(8), [2, 4]))).rejects.toThrow(
      "tiny takes f32 [batch,2,2], got f32[2,4]. Reshape or cast the input, and keep the batch axis.",
    );
    await expect(call(host(new Float32Array(12), [2, 2, 3]))).rejects.toThrow(
      '"fc1.weight" of tiny has shape [3,4], this input asks for [3,6].',
    );
  });
});

describe("scopes", () => {
  test("one path is shared, two shapes are an error", () => {
    const shared = defineModel("shared", [4], (s, x) => linear(s.at("fc"), linear(s.at("fc"), x, 4), 4));
    expect(shared.params.entries.map((e) => e.path)).toEqual(["fc.weight", "fc.bias"]);
    expect(() => defineModel("bad", [4], (s, x) => linear(s.at("fc"), linear(s.at("fc"), x, 3), 4))).toThrow(
      '"fc.weight" is used with shapes [3,4] and [4,3]. Give each layer a scope of its own.',
    );
  });

  test("buffers change in training only", async () => {
    const counting = defineModel("counting", [1], (s, x) => {
      s.update("seen", s.buffer("seen", [1], 2).add(1));
      return x.mul(s.param("w", [1], init.ones));
    });
    const run = program((params: Tensor, buffers: Tensor, x: Tensor) => [
      counting.apply({ params, buffers }, x, { train: true }).buffers,
      counting.apply({ params, buffers }, x).buffers,
    ]);
    const start = counting.init(key(1));
    const [trained, still] = (await run(host(start.params), host(start.buffers), host([1], [1, 1]))) as HostTensor[];
    expect([Number(trained!.data[0]), Number(still!.data[0])]).toEqual([3, 2]);
  });
});

test("the description lists every parameter and the totals", () => {
  expect(describeModel(tiny)).toMatchInlineSnapshot(`
    "tiny: input [2, 2]
    parameter   shape   count
    fc1.weight  [3, 4]     12
    fc1.bias    [3]         3
    fc2.weight  [2, 3]      6
    fc2.bias    [2]         2
    23 parameters, 0.0000360 MFLOP per example"
  `);
});
