import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type HostTensor, host, program, type Tensor } from "../../tensor/index.ts";
import { adam, adamw, clipByGlobalNorm, ema, type Optimiser, rmsprop, sgd } from "./index.ts";

interface Case {
  name: string;
  optimiser: string;
  options: Record<string, unknown> & { lr: number };
  trajectory: number[][];
}
const fixture = JSON.parse(
  readFileSync(new URL("../../../test/fixtures/optimisers.json", import.meta.url), "utf8"),
) as { initial: number[]; gradients: number[][]; cases: Case[] };

const MAKE: Record<string, (options: never) => Optimiser> = { sgd, adam, adamw, rmsprop };
/** PyTorch options without a counterpart here. */
const UNSUPPORTED = ["dampening", "amsgrad", "centered"];
const f64 = (x: readonly number[], shape?: number[]) => host(Float64Array.from(x), shape);

async function walk(opt: Optimiser, lr: number, initial: readonly number[], gradients: readonly (readonly number[])[]) {
  const step = program((params: Tensor, slots: readonly Tensor[], grads: Tensor, n: Tensor, rate: Tensor) => {
    const next = opt.update({ params, slots, grads, step: n, lr: rate });
    return { params: next.params, slots: next.slots };
  });
  let params = f64(initial);
  let slots: HostTensor[] = Array.from({ length: opt.slots }, () => f64(initial.map(() => 0)));
  const path: number[][] = [];
  for (const [i, g] of gradients.entries()) {
    const next = await step(params, slots, f64(g), i + 1, f64([lr], []));
    params = next.params as HostTensor & { data: Float64Array<ArrayBuffer> };
    slots = [...next.slots];
    path.push(Array.from(next.params.data as Float64Array));
  }
  await step.release();
  return path;
}

describe("twenty steps of PyTorch, in f64", () => {
  const cases = fixture.cases.filter((c) => !UNSUPPORTED.some((o) => c.options[o]));
  test("every optimiser is covered", () => {
    expect(new Set(cases.map((c) => c.optimiser))).toEqual(new Set(Object.keys(MAKE)));
  });
  test.each(cases)("$name", async ({ optimiser, options, trajectory }) => {
    const path = await walk(MAKE[optimiser]!(options as never), options.lr, fixture.initial, fixture.gradients);
    const worst = path.flatMap((p, i) => p.map((x, j) => Math.abs(x - trajectory[i]![j]!)));
    // Same formulas in another order of f64 operations: rounding only.
    expect(Math.max(...worst)).toBeLessThan(1e-12);
  });
});

test("adam corrects the bias exactly in f32 at the first step: it moves by lr·sign(g)", async () => {
  const opt = adam({ lr: 0.1, eps: 1e-12 });
  const step = program((params: Tensor, m: Tensor, v: Tensor, grads: Tensor, n: Tensor, lr: Tensor) => [
    opt.update({ params, slots: [m, v], grads, step: n, lr }).params,
  ]);
  const zero = host(new Float32Array(3));
  const [moved] = (await step(zero, zero, zero, host([3, -0.01, 1e-4]), 1, 0.1)) as [HostTensor];
  // An f32 evaluation of 1-0.999 alone would be off by 2e-5 here.
  for (const [i, x] of [-0.1, 0.1, -0.1].entries()) expect(Math.abs(Number(moved.data[i]) - x)).toBeLessThan(1e-7);
});

test("the decay mask spares parameters", async () => {
  const masked = adamw({ lr: 0.1, weightDecay: 0.5, decayMask: Float32Array.of(1, 0) });
  const step = program((params: Tensor, m: Tensor, v: Tensor, grads: Tensor, n: Tensor, lr: Tensor) => [
    masked.update({ params, slots: [m, v], grads, step: n, lr }).params,
  ]);
  const zero = host(new Float32Array(2));
  const [moved] = (await step(host([1, 2]), zero, zero, zero, 1, 1)) as [HostTensor];
  expect(Array.from(moved.data as Float32Array)).toEqual([0.5, 2]);
});

test.each([
  ["sgd", (lr: number, rateScale?: Float32Array) => sgd({ lr, momentum: 0.9, ...(rateScale && { rateScale }) })],
  ["adamw", (lr: number, rateScale?: Float32Array) => adamw({ lr, weightDecay: 0.5, ...(rateScale && { rateScale }) })],
  [
    "rmsprop",
    (lr: number, rateScale?: Float32Array) => rmsprop({ lr, momentum: 0.9, ...(rateScale && { rateScale }) }),
  ],
] as const)("%s: a scaled rate is another rate for that parameter, decay included", async (_name, make) => {
  const gradients = [[1, 1, -2].map((g) => 0.3 * g), [0.5, 0.5, 0.1]];
  const initial = [1, 1, -2];
  const scaled = await walk(make(0.1, Float32Array.of(1, 0.25, 0)), 0.1, initial, gradients);
  const [whole, quarter] = [0.1, 0.025].map((lr) => walk(make(lr), lr, initial, gradients));
  for (const [i, path] of scaled.entries()) {
    expect(path[0]).toBe((await whole!)[i]![0]);
    expect(path[1]).toBeCloseTo((await quarter!)[i]![1]!, 14);
    expect(path[2]).toBe(-2);
  }
});

test("clipping scales to the norm and leaves small gradients alone", async () => {
  const clip = program((g: Tensor) => clipByGlobalNorm(g, 1));
  const large = await clip(host([3, 4]));
  expect(Number(large.norm.data[0])).toBe(5);
  // PyTorch divides by norm + 1e-6.
  expect(Number(large.grads.data[0])).toBeCloseTo(3 / (5 + 1e-6), 6);
  const small = await clip(host([0.3, 0.4]));
  expect(Array.from(small.grads.data as Float32Array)).toEqual([Math.fround(0.3), Math.fround(0.4)]);
});

test.each([1, 12, 8191, 3 * 8192, 99_991])("the norm of %i numbers, in rows or without", async (n) => {
  const data = Float32Array.from({ length: n }, (_, i) => Math.sin(i) + 2);
  const { norm } = await program((g: Tensor) => clipByGlobalNorm(g, 1))(host(data));
  const exact = Math.sqrt(data.reduce((sum, v) => sum + v * v, 0));
  // f32 sums of up to 8192 positive numbers in lanes: some units in the last place.
  expect(Math.abs(Number(norm.data[0]) / exact - 1)).toBeLessThan(1e-5);
});

test("an average stays where target and parameters agree, and moves by 1 - decay", async () => {
  const average = program((t: Tensor, p: Tensor) => [ema(t, p, 0.9)]);
  const [out] = (await average(host([0.7, 0]), host([0.7, 1]))) as [HostTensor];
  expect(Array.from(out.data as Float32Array)).toEqual([Math.fround(0.7), Math.fround(0.1)]);
});

test("nesterov without momentum is refused", () => {
  expect(() => sgd({ lr: 1, nesterov: true })).toThrow("Nesterov needs a momentum. Set momentum, usually 0.9.");
});
