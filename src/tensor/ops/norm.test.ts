import { describe, expect, it } from "vitest";
import { host, toNumbers } from "../host.ts";
import { program } from "../program.ts";
import type { Tensor } from "../tensor.ts";
import { disagreement, drawn } from "./agreement.test-helper.ts";
import { batchNorm, batchNormInference, groupNorm, instanceNorm, l2Normalise, layerNorm, rmsNorm } from "./index.ts";

/** Sums over at most some hundred elements, second derivatives of 1/σ. */
const F32 = 2e-5;

describe("norms: f32 kernels agree with the f64 formulas", () => {
  const x = drawn(1, [6, 4, 5, 8]);
  const channels = [drawn(2, [4]), drawn(3, [4])];
  it.each<[string, (...t: Tensor[]) => Tensor | readonly Tensor[], ReturnType<typeof drawn>[]]>([
    ["layerNorm", (a, s, b) => layerNorm(a!, s, b), [x, drawn(4, [8]), drawn(5, [8])]],
    ["layerNorm over two axes", (a, s, b) => layerNorm(a!, s, b), [x, drawn(4, [5, 8]), drawn(5, [5, 8])]],
    ["layerNorm without scale", (a) => layerNorm(a!), [x]],
    ["layerNorm with a bias only", (a, b) => layerNorm(a!, undefined, b), [x, drawn(5, [8])]],
    ["rmsNorm", (a, s) => rmsNorm(a!, s), [x, drawn(4, [8])]],
    ["rmsNorm without scale", (a) => rmsNorm(a!), [x]],
    ["batchNorm", (a, s, b) => Object.values(batchNorm(a!, s!, b!)), [x, ...channels]],
    ["batchNorm of vectors", (a, s, b) => Object.values(batchNorm(a!, s!, b!)), [drawn(7, [9, 4]), ...channels]],
    [
      "batchNorm inference",
      (a, s, b, m, v) => batchNormInference(a!, s!, b!, m!, v!.square().add(0.5)),
      [x, ...channels, drawn(8, [4]), drawn(9, [4])],
    ],
    ["groupNorm", (a, s, b) => groupNorm(a!, 2, s, b), [x, ...channels]],
    ["instanceNorm", (a, s, b) => instanceNorm(a!, s, b), [x, ...channels]],
    ["l2Normalise", (a) => l2Normalise(a!, 1), [x]],
  ])("%s", async (_name, fn, inputs) => {
    for (const [what, error] of Object.entries(await disagreement(fn, inputs))) expect(error, what).toBeLessThan(F32);
  });
});

describe("norms by hand", () => {
  const one = async (fn: (x: Tensor) => Tensor, values: number[], shape: number[]) =>
    toNumbers(await program(fn)(host(values, shape)));
  it("layerNorm centres and scales a row", async () => {
    const y = await one((x) => layerNorm(x, undefined, undefined, { eps: 0 }), [1, 3, 5, 7], [2, 2]);
    expect(y).toEqual([-1, 1, -1, 1]);
  });
  it("rmsNorm keeps the mean", async () => {
    const y = await one((x) => rmsNorm(x, undefined, { eps: 0 }), [3, 4, 3, 4], [1, 4]);
    const rms = Math.sqrt(12.5);
    expect(y).toEqual([3, 4, 3, 4].map((v) => expect.closeTo(v / rms, 6)));
  });
  it("batchNorm reports the population variance", async () => {
    const run = program((x: Tensor, s: Tensor, b: Tensor) => batchNorm(x, s, b, { eps: 0 }));
    const { y, mean, variance } = await run(host([0, 2, 4, 2], [4, 1]), host([2]), host([1]));
    expect([toNumbers(mean), toNumbers(variance)]).toEqual([[2], [2]]);
    expect(toNumbers(y)).toEqual([-1, 0, 1, 0].map((v) => expect.closeTo(v * Math.SQRT2 * 2 + 1, 5)));
  });
  it("l2Normalise leaves zeros alone", async () => {
    expect(await one((x) => l2Normalise(x), [0, 0, 3, 4], [2, 2])).toEqual([
      0,
      0,
      expect.closeTo(0.6),
      expect.closeTo(0.8),
    ]);
  });
});

describe("norm errors", () => {
  const message = (fn: (x: Tensor, s: Tensor) => Tensor, x: number[], s: number[]) =>
    program(fn)
      .compile(drawn(1, x), drawn(2, s))
      .then(
        () => "compiled",
        (e: Error) => e.message,
      );
  it("says what does not fit", async () => {
    expect(await message((x, s) => layerNorm(x, s), [2, 3], [2])).toMatchInlineSnapshot(
      `"layerNorm of input f32[2,3] with a scale or bias f32[2]. Expected [3]."`,
    );
    expect(await message((x, s) => layerNorm(x, s), [3], [2, 3])).toMatchInlineSnapshot(
      `"layerNorm of input f32[3] over 2 axes."`,
    );
    expect(await message((x, s) => batchNorm(x, s, s).y, [2, 3, 4], [4])).toMatchInlineSnapshot(
      `"batchNorm of f32[2,3,4] with f32[4]. Expected [N, C, ...S] and vectors of C numbers of the same dtype."`,
    );
    expect(await message((x, s) => groupNorm(x, 2, s), [2, 3, 4], [3])).toMatchInlineSnapshot(
      `"groupNorm of input f32[2,3,4] in 2 groups. Axis 1 must hold a multiple of the groups."`,
    );
  });
});
