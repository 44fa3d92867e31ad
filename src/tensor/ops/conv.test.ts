import { describe, expect, it } from "vitest";
import { vjp } from "../grad.ts";
import { host, toNumbers } from "../host.ts";
import { program } from "../program.ts";
import { key, normal } from "../random.ts";
import type { Tensor } from "../tensor.ts";
import { type ConvOptions, conv, convTranspose } from "./conv.ts";

const draw = (seed: number, shape: readonly number[]) =>
  host(
    normal(
      key(seed),
      shape.reduce((a, b) => a * b, 1),
    ),
    shape,
  );
const f64 = (t: ReturnType<typeof draw>) => host(Float64Array.from(t.data as Float32Array), t.shape);

function largestDifference(a: readonly number[], b: readonly number[]): number {
  expect(a.length).toBe(b.length);
  return Math.max(...a.map((v, i) => Math.abs(v - b[i]!)));
}

/** Shapes [N, C, ...S], [O, C/g, ...K] and how to slide. */
const CASES: [string, number[], number[], Omit<ConvOptions, "bias">][] = [
  ["3x3", [2, 3, 8, 7], [4, 3, 3, 3], {}],
  ["3x3 same", [2, 3, 8, 7], [4, 3, 3, 3], { padding: "same" }],
  ["stride 2, padded", [2, 3, 9, 8], [4, 3, 3, 3], { strides: 2, padding: 1 }],
  ["stride 2 with unreached rows", [1, 2, 10, 11], [4, 2, 3, 2], { strides: [3, 2] }],
  ["asymmetric", [2, 2, 6, 6], [3, 2, 3, 2], { padding: [[0, 2], 1], strides: [1, 2] }],
  ["dilated", [1, 2, 9, 9], [3, 2, 3, 3], { dilation: [2, 3], padding: 3 }],
  ["padding beyond the kernel", [1, 2, 4, 4], [3, 2, 2, 2], { padding: 3 }],
  ["grouped", [2, 6, 5, 5], [4, 3, 3, 3], { groups: 2, padding: 1 }],
  ["depthwise", [2, 4, 6, 6], [4, 1, 3, 3], { groups: 4, padding: 1, strides: 2 }],
  ["depthwise with a multiplier", [2, 3, 6, 6], [6, 1, 3, 3], { groups: 3 }],
  ["1x1 stride 2", [2, 3, 7, 7], [5, 3, 1, 1], { strides: 2 }],
  ["one axis", [2, 3, 12], [4, 3, 5], { strides: 2, padding: [[4, 0]] }],
  ["one axis, causal dilated", [1, 4, 10], [4, 2, 3], { groups: 2, dilation: 4, padding: [[8, 0]] }],
];

describe("conv", () => {
  // The f64 path (unfold + matmul) and the f32 path (Conv kernels) are independent, so each tests the other:
  // values, both gradients, and the gradients of the gradients.
  it.each(CASES)("f32 kernels agree with f64 columns: %s", async (_name, xShape, wShape, options) => {
    const all = (x: Tensor, w: Tensor, b: Tensor, p: Tensor) => {
      const y = conv(x, w, { ...options, bias: b });
      const g = y.mul(y);
      const [dx, dw, db] = vjp([y], [g], [x, w, b]) as [Tensor, Tensor, Tensor];
      const second = vjp([dx, dw], [dx.mul(p), dw.mul(0.5)], [x, w]);
      return [y, dx, dw, db, ...second];
    };
    const run = program(all);
    const given = [draw(1, xShape), draw(2, wShape), draw(3, [wShape[0]!]), draw(4, xShape)] as const;
    const single = await run(...given);
    const double = await run(f64(given[0]), f64(given[1]), f64(given[2]), f64(given[3]));
    await run.release();
    for (const [i, value] of single.entries()) {
      const exact = toNumbers(double[i]!);
      const scale = Math.max(...exact.map(Math.abs));
      // f32 sums of some hundred terms.
      expect(largestDifference(toNumbers(value), exact) / scale, `output ${i}`).toBeLessThan(3e-6);
    }
  });

  it("computes a hand-made example", async () => {
    const run = program((x: Tensor, w: Tensor) => conv(x, w, { padding: [[1, 0]], strides: 2 }));
    const y = await run(host([1, 2, 3, 4, 5], [1, 1, 5]), host([10, 1], [1, 1, 2]));
    expect(toNumbers(y)).toEqual([1, 23, 45]);
  });

  it("transposed: the adjoint of conv, with every output size a stride allows", async () => {
    for (const outputPadding of [0, 1, 2]) {
      const size = 3 * 3 + 4 - 2 + outputPadding;
      const run = program((x: Tensor, w: Tensor, y: Tensor) => ({
        left: conv(y, w, { strides: 3, padding: 1 }).mul(x).sum(),
        right: convTranspose(x, w, { strides: 3, padding: 1, outputPadding }).mul(y).sum(),
      }));
      const { left, right } = await run(draw(5, [2, 4, 4, 4]), draw(6, [4, 3, 4, 4]), draw(7, [2, 3, size, size]));
      await run.release();
      expect(Number(left.data[0])).toBeCloseTo(Number(right.data[0]), 3);
    }
  });
});

describe("conv errors", () => {
  const trace = (xShape: number[], wShape: number[], options?: ConvOptions) =>
    program((x: Tensor, w: Tensor) => conv(x, w, options))
      .compile(draw(1, xShape), draw(2, wShape))
      .then(
        () => "compiled",
        (e: Error) => e.message,
      );
  it("says what does not fit", async () => {
    expect(await trace([2, 3, 8, 8], [4, 2, 3, 3])).toMatchInlineSnapshot(
      `"conv of f32[2,3,8,8] with a kernel f32[4,2,3,3]. Expected x [N, C, ...S] and w [O, C/1, ...K] (groups = 1) with 1 or 2 spatial axes and one float dtype."`,
    );
    expect(await trace([2, 3, 8, 8], [4, 3, 3])).toMatchInlineSnapshot(
      `"conv of f32[2,3,8,8] with a kernel f32[4,3,3]. Expected x [N, C, ...S] and w [O, C/1, ...K] (groups = 1) with 1 or 2 spatial axes and one float dtype."`,
    );
    expect(await trace([2, 3, 2, 8], [4, 3, 3, 3])).toMatchInlineSnapshot(
      `"conv: the window spans 3 elements of spatial axis 0, which has 2 with its padding (input [2,8]). Use a smaller kernel, a smaller dilation or more padding."`,
    );
    expect(await trace([2, 3, 8, 8], [4, 3, 3, 3], { strides: 0 })).toMatchInlineSnapshot(
      `"Strides [0,0] for 2 spatial axes. Give one whole number >= 1, or one per axis."`,
    );
    expect(await trace([2, 3, 8, 8], [4, 3, 3, 3], { padding: [1] })).toMatchInlineSnapshot(
      `"Padding [1] for 2 spatial axes. Give a whole number >= 0, "same", or per axis a number or [before, after]."`,
    );
  });
});
