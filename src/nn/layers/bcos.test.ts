/** B-cos layers against their definition: linear at B = 1, homogeneous of degree 1, and what each kind of gradient sees. */
import { describe, expect, it } from "vitest";
import { constant, grad, type HostTensor, host, program, random, type Tensor, toNumbers } from "../../tensor/index.ts";
import { conv } from "../../tensor/ops/index.ts";
import { defineModel } from "../model.ts";
import { type BcosOptions, bcosConv2d, detached, twice, uncentredBatchNorm } from "./bcos.ts";

const draw = (name: string, shape: number[]): HostTensor =>
  host(
    random.normal(
      random.fold(random.key(3), name),
      shape.reduce((a, b) => a * b, 1),
    ),
    shape,
  );
const x = draw("x", [2, 3, 6, 5]);
const weight = draw("weight", [4, 3, 3, 3]);

/** One layer as a model, applied to given weights. */
async function layer(options: BcosOptions, input: HostTensor, w = weight): Promise<number[]> {
  const model = defineModel("one", [3, 6, 5], (scope, t) => bcosConv2d(scope, t, 4, 3, options));
  const run = program(
    (params: Tensor, t: Tensor) => model.apply({ params, buffers: constant(host(new Float32Array(0))) }, t).output,
  );
  try {
    return toNumbers(await run(host(w.data), input));
  } finally {
    await run.release();
  }
}
const worst = (a: number[], b: number[]) => Math.max(...a.map((v, i) => Math.abs(v - b[i]!)));

describe("a B-cos convolution", () => {
  it("is linear with unit-norm weights at b = 1", async () => {
    const rows = Array.from({ length: 4 }, (_, o) =>
      Array.from((weight.data as Float32Array).subarray(o * 27, (o + 1) * 27)),
    );
    const unit = rows.flatMap((row) => row.map((v) => v / Math.hypot(...row)));
    const run = program((t: Tensor, w: Tensor) => conv(t, w, { padding: 1 }));
    const linear = toNumbers(await run(x, host(Float32Array.from(unit), [4, 3, 3, 3])));
    await run.release();
    expect(worst(await layer({ b: 1 }, x), linear)).toBeLessThan(1e-5);
  });

  it("is lin·|lin|/‖patch‖ at b = 2, whatever the length of the weights", async () => {
    const [linear, y] = [await layer({ b: 1 }, x), await layer({}, x)];
    const at = (b: number, c: number, i: number, j: number) =>
      i < 0 || j < 0 || i > 5 || j > 4 ? 0 : (x.data[((b * 3 + c) * 6 + i) * 5 + j] as number);
    const expected = linear.map((l, index) => {
      const [j, i, b] = [index % 5, Math.floor(index / 5) % 6, Math.floor(index / 120)];
      let squares = 1e-6;
      for (let c = 0; c < 3; c++)
        for (let p = -1; p < 2; p++) for (let q = -1; q < 2; q++) squares += at(b, c, i + p, j + q) ** 2;
      return (l * Math.abs(l)) / Math.sqrt(squares);
    });
    expect(worst(y, expected)).toBeLessThan(1e-5);
    const longer = host(
      Float32Array.from(weight.data as Float32Array, (v) => 7 * v),
      weight.shape,
    );
    expect(worst(await layer({}, x, longer), y)).toBeLessThan(1e-5);
  });

  it("doubles when its input doubles (degree 1), also at stride 2", async () => {
    const twice = host(
      Float32Array.from(x.data as Float32Array, (v) => 2 * v),
      x.shape,
    );
    for (const options of [{}, { stride: 2 }, { b: 3 }]) {
      const [once, double] = [await layer(options, x), await layer(options, twice)];
      expect(
        worst(
          double,
          once.map((v) => 2 * v),
        ),
      ).toBeLessThan(1e-4);
    }
  });
});

it("one value, three gradients", async () => {
  const run = program((a: Tensor) => {
    // y = a·f(a) with f = a²: in full dy/da = 3a²; with f held it is a², whose own slope is 2a where f still counts.
    const { first, again } = twice();
    const [whole, copy] = [first(a, () => a.square()), a.square().div(a)];
    const held = detached(a, () => a.square());
    const [slopeWhole, slopeHeld] = [grad(whole.sum(), [a])[0]!, grad(held.sum(), [a])[0]!];
    const slopeAgain = grad(again(copy, () => a).sum(), [copy])[0]!;
    return [whole, slopeWhole, held, slopeHeld, slopeAgain, grad(slopeAgain.sum(), [a])[0]!];
  });
  const found = (await run(host([3]))).map((t) => toNumbers(t)[0]);
  await run.release();
  expect(found).toEqual([27, 27, 27, 9, 9, 6]);
});

it("the uncentred norm divides by the root mean square and shifts nothing", async () => {
  const model = defineModel("norm", [3, 6, 5], (scope, t) => uncentredBatchNorm(scope, t, { eps: 0 }));
  const { params, buffers } = model.init(random.key(1));
  const run = program((p: Tensor, b: Tensor, t: Tensor) => {
    const { output, buffers: next } = model.apply({ params: p, buffers: b }, t, { train: true });
    return { square: output.square().mean([0, 2, 3]), mean: output.mean([0, 2, 3]), next };
  });
  const raised = host(
    Float32Array.from(x.data as Float32Array, (v) => v + 5),
    x.shape,
  );
  const { square, mean, next } = await run(host(params), host(buffers), raised);
  await run.release();
  for (const v of toNumbers(square)) expect(v).toBeCloseTo(1, 5);
  for (const v of toNumbers(mean)) expect(v).toBeGreaterThan(0.9);
  // 0.9·1 + 0.1·(about 26)
  for (const v of toNumbers(next)) expect(v).toBeGreaterThan(2);
});
