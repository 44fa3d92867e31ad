import { describe, expect, it } from "vitest";
import { grad } from "../grad.ts";
import { type HostTensor, host, toNumbers } from "../host.ts";
import { program } from "../program.ts";
import type { Tensor } from "../tensor.ts";
import { disagreement, drawn } from "./agreement.test-helper.ts";
import * as ops from "./index.ts";

const run = async (fn: (x: Tensor) => Tensor, x: HostTensor | number[]) =>
  toNumbers(await program(fn)(Array.isArray(x) ? host(x) : x));

describe("element-wise semantics", () => {
  it("rounds halves to even, floors and takes remainders like Python", async () => {
    expect(await run(ops.round, [0.5, 1.5, -0.5, 2.5])).toEqual([0, 2, -0, 2]);
    expect(await run((x) => ops.mod(x, 3), [5, -5, 3, -0.5])).toEqual([2, 1, 0, 2.5]);
    expect(await run((x) => ops.mod(x, -3), host(Int32Array.of(5, -5, 3)))).toEqual([-1, -2, 0]);
  });
  it("activations stay finite where exponentials do not", async () => {
    const far = [-200, -20, 0, 20, 200];
    const softplus = [0, Math.log1p(Math.exp(-20)), Math.LN2, 20, 200];
    expect(await run(ops.softplus, far)).toEqual(softplus.map((v) => expect.closeTo(v, 5)));
    expect(await run(ops.logSigmoid, far)).toEqual([...softplus].reverse().map((v) => expect.closeTo(-v, 5)));
    for (const fn of [ops.elu, ops.gelu, ops.geluTanh, ops.silu, ops.mish, ops.sigmoid, ops.tanh]) {
      const slope = await run((x) => grad(fn(x).sum(), [x])[0]!, far);
      expect(slope.every(Number.isFinite), fn.name).toBe(true);
    }
  });
  it("gradients at kinks: none from relu at 0, half to each side of a tie, all inside a clip", async () => {
    const slope = (fn: (x: Tensor) => Tensor, at: number[]) => run((x) => grad(fn(x).sum(), [x])[0]!, at);
    expect(await slope(ops.relu, [-1, 0, 1])).toEqual([0, 0, 1]);
    expect(await slope(ops.abs, [-1, 0, 1])).toEqual([-1, 0, 1]);
    expect(await slope((x) => ops.maximum(x, 0), [-1, 0, 1])).toEqual([0, 0.5, 1]);
    expect(await slope((x) => ops.clip(x, -1, 1), [-2, -1, 0, 1, 2])).toEqual([0, 1, 1, 1, 0]);
    expect(await slope(ops.elu, [-200, 0, 1])).toEqual([0, 1, 1]);
    expect(await slope((x) => ops.pow(x, 3), [0, 2])).toEqual([0, 12]);
  });
  it("a straight-through estimator rounds forward and is the identity backward", async () => {
    const fn = (x: Tensor) => ops.customGradient(ops.round(x), [x], (g) => [g]);
    expect(await run((x) => grad(fn(x).mul(x).sum(), [x])[0]!, [0.3, 1.7])).toEqual([
      expect.closeTo(0.3),
      expect.closeTo(2 + 1.7),
    ]);
  });
  it("f32 kernels agree with f64 formulas", async () => {
    const x = drawn(1, [50]);
    for (const fn of [
      ops.gelu,
      ops.geluTanh,
      ops.erf,
      ops.softplus,
      ops.sigmoid,
      ops.silu,
      ops.mish,
      ops.elu,
      ops.tanh,
    ])
      for (const [what, error] of Object.entries(await disagreement((t) => fn(t!.mul(3)), [x])))
        expect(error, `${what} of ${fn.name}`).toBeLessThan(1e-5);
  });
});

describe("element-wise errors", () => {
  const message = (fn: (x: Tensor) => Tensor) =>
    program(fn)
      .compile(host([1, 2, 3, 4], [2, 2]))
      .then(
        () => "compiled",
        (e: Error) => e.message,
      );
  it("say what does not fit", async () => {
    expect(await message((x) => x.add(x.slice(0, 0, 1).reshape([2, 1]).tile([1, 3])))).toMatchInlineSnapshot(
      `"Cannot add [2,2] with [2,3]: 2 against 3. Sizes must be equal or 1."`,
    );
    expect(await message((x) => x.add(x.cast("i32")))).toMatchInlineSnapshot(
      `"add of f32[2,2] and i32[2,2]. Cast one of them."`,
    );
    expect(await message((x) => x.clip(2, 1))).toMatchInlineSnapshot(
      `"clip got the interval [2, 1]. The lower bound comes first."`,
    );
    expect(await message((x) => ops.where(x, 1, 2))).toMatchInlineSnapshot(
      `"where needs a bool condition, got f32. Compare first."`,
    );
  });
});
