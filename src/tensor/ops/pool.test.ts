import { describe, expect, it } from "vitest";
import { grad } from "../grad.ts";
import { host, toNumbers } from "../host.ts";
import { program } from "../program.ts";
import type { Tensor } from "../tensor.ts";
import { disagreement, drawn } from "./agreement.test-helper.ts";
import { adaptiveAvgPool, adaptiveMaxPool, avgPool, gridSample, maxPool, resize, upsample } from "./index.ts";

/** Averages of some ten elements. */
const F32 = 3e-6;

describe("pooling and resizing: f32 kernels agree with the f64 formulas", () => {
  const image = [2, 3, 8, 6];
  it.each<[string, number[], (x: Tensor) => Tensor]>([
    ["maxPool, tiling", image, (x) => maxPool(x, { kernel: 2 })],
    ["maxPool, tiling by 4 and 3", image, (x) => maxPool(x, { kernel: [4, 3] })],
    ["maxPool, overlapping", image, (x) => maxPool(x, { kernel: 3, strides: 2, padding: 1 })],
    ["maxPool, dilated", image, (x) => maxPool(x, { kernel: 2, strides: 1, dilation: [3, 2] })],
    ["maxPool, one axis", [2, 3, 9], (x) => maxPool(x, { kernel: 3, strides: 2, padding: [[1, 0]] })],
    ["avgPool, tiling", image, (x) => avgPool(x, { kernel: 2 })],
    ["avgPool, unreached edge", image, (x) => avgPool(x, { kernel: [3, 4] })],
    ["avgPool, padded", image, (x) => avgPool(x, { kernel: 3, strides: 2, padding: [[1, 0], 1] })],
    ["avgPool, counting padding", image, (x) => avgPool(x, { kernel: 3, padding: 1, strides: 1, countPadding: true })],
    ["avgPool, same", image, (x) => avgPool(x, { kernel: 3, strides: 1, padding: "same" })],
    ["avgPool, one axis", [2, 3, 9], (x) => avgPool(x, { kernel: 2 })],
    ["upsample", image, (x) => upsample(x, [2, 3])],
    ["upsample, one axis", [2, 3, 9], (x) => upsample(x, [4])],
    ["adaptiveAvgPool", image, (x) => adaptiveAvgPool(x, [3, 4])],
    ["adaptiveMaxPool", image, (x) => adaptiveMaxPool(x, [3, 4])],
    ["resize, linear", image, (x) => resize(x, [5, 9])],
    ["resize, nearest", image, (x) => resize(x, [5, 9], { mode: "nearest" })],
  ])("%s", async (_name, shape, fn) => {
    for (const [what, error] of Object.entries(await disagreement((x) => fn(x!), [drawn(3, shape)])))
      expect(error, what).toBeLessThan(F32);
  });
});

describe("pooling by hand", () => {
  const run = async (fn: (x: Tensor) => Tensor, values: number[], shape: number[]) =>
    toNumbers(await program(fn)(host(values, shape)));

  it("winners of a tie share the gradient, in tiling and overlapping windows", async () => {
    const slope = (options: { kernel: number; strides: number }) => (x: Tensor) =>
      grad(maxPool(x, options).sum(), [x])[0]!;
    expect(await run(slope({ kernel: 2, strides: 2 }), [1, 1, 0, 3], [1, 1, 4])).toEqual([0.5, 0.5, 0, 1]);
    expect(await run(slope({ kernel: 2, strides: 1 }), [1, 1, 0, 3], [1, 1, 4])).toEqual([0.5, 1.5, 0, 1]);
  });
  it("padding never wins a maximum, even among negative numbers", async () => {
    expect(await run((x) => maxPool(x, { kernel: 2, strides: 1, padding: 1 }), [-3, -5], [1, 1, 2])).toEqual([
      -3, -3, -5,
    ]);
  });
  it("padding counts in an average only on request", async () => {
    const options = { kernel: 2, strides: 1, padding: 1 };
    expect(await run((x) => avgPool(x, options), [2, 4], [1, 1, 2])).toEqual([2, 3, 4]);
    expect(await run((x) => avgPool(x, { ...options, countPadding: true }), [2, 4], [1, 1, 2])).toEqual([1, 3, 2]);
  });
});

describe("errors", () => {
  const message = (fn: (x: Tensor) => Tensor, shape: number[]) =>
    program(fn)
      .compile(drawn(1, shape))
      .then(
        () => "compiled",
        (e: Error) => e.message,
      );
  it("say what does not fit", async () => {
    expect(await message((x) => maxPool(x, { kernel: 2 }), [2, 3])).toMatchInlineSnapshot(
      `"maxPool of [2,3]. Expected [N, C, ...S] with 1 or 2 axes S."`,
    );
    expect(await message((x) => maxPool(x, { kernel: 2, padding: 2 }), [1, 1, 4, 4])).toMatchInlineSnapshot(
      `"maxPool with windows [2,2] and padding [[2,2],[2,2]]. A window must not lie in the padding."`,
    );
    expect(await message((x) => avgPool(x, { kernel: 5 }), [1, 1, 4, 4])).toMatchInlineSnapshot(
      `"avgPool: the window spans 5 elements of spatial axis 0, which has 4 with its padding (input [4,4]). Use a smaller kernel, a smaller dilation or more padding."`,
    );
    expect(await message((x) => resize(x, [4]), [1, 1, 4, 4])).toMatchInlineSnapshot(
      `"resize of input f32[1,1,4,4] to [4]. Expected floats [N, C, ...S] and a size >= 1 for each axis of S."`,
    );
    expect(await message((x) => upsample(x, [0, 2]), [1, 1, 4, 4])).toMatchInlineSnapshot(
      `"upsample of [1,1,4,4] by [0,2]. Give one whole number >= 1 per spatial axis."`,
    );
    expect(await message((x) => gridSample(x, x), [1, 1, 4, 4])).toMatchInlineSnapshot(
      `"gridSample of input f32[1,1,4,4] at [1,1,4,4]. Expected [N, C, H, W] and [N, P, Q, 2], one dtype."`,
    );
  });
});
