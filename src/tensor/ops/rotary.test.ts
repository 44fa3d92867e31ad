import { describe, expect, it } from "vitest";
import { emit } from "../compile/emitter.ts";
import { placeholder } from "../graph.ts";
import { host, toNumbers } from "../host.ts";
import { program } from "../program.ts";
import type { Tensor } from "../tensor.ts";
import { disagreement, drawn, relativeError } from "./agreement.test-helper.ts";
import { rotaryPositions } from "./rotary.ts";

const [BATCH, LENGTH, HEADS, WIDTH] = [2, 5, 3, 8];
const x = drawn(1, [BATCH, LENGTH, HEADS, WIDTH]);
const places = host(Int32Array.of(4, 0, 6, 6, 1, 2, 3, 5, 0, 8), [BATCH, LENGTH]);

/** Pairs as complex numbers times e^(i·angle), in f64. */
function turned(at: (b: number, t: number) => number, base: number): number[] {
  const data = toNumbers(x);
  const half = WIDTH / 2;
  return data.map((value, k) => {
    const [b, t] = [Math.floor(k / (LENGTH * HEADS * WIDTH)), Math.floor(k / (HEADS * WIDTH)) % LENGTH];
    const i = k % WIDTH;
    const angle = at(b, t) * base ** ((-2 * (i % half)) / WIDTH);
    const partner = i < half ? -data[k + half]! : data[k - half]!;
    return value * Math.cos(angle) + partner * Math.sin(angle);
  });
}

describe("rotaryPositions", () => {
  // One rounding of the table, one of each product: a few units in the last place of numbers up to 4.
  const near = (actual: number[], expected: number[]) =>
    expect(Math.max(...actual.map((v, i) => Math.abs(v - expected[i]!)))).toBeLessThan(2e-6);

  it("turns pairs by place · base^(-2i/E)", async () => {
    const y = toNumbers(await program((t: Tensor) => rotaryPositions(t, { base: 100 }))(x));
    near(
      y,
      turned((_b, t) => t, 100),
    );
  });

  it("reads places per token", async () => {
    const run = program((t: Tensor, positions: Tensor) => rotaryPositions(t, { positions, context: 9 }));
    const at = toNumbers(places);
    near(
      toNumbers(await run(x, places)),
      turned((b, t) => at[b * LENGTH + t]!, 10_000),
    );
  });

  it("kernel and formula agree, in values and gradients", async () => {
    const errors = await disagreement((t) => rotaryPositions(t!, { base: 50, context: 20 }), [x]);
    for (const [what, error] of Object.entries(errors)) expect(error, what).toBeLessThan(1e-6);
  });

  it("the products of turned queries and keys depend on distances only", async () => {
    const one = host([1, -2, 0.5, 3], [1, 1, 1, 4]);
    const run = program((a: Tensor, positions: Tensor) => rotaryPositions(a, { positions, context: 100 }));
    const at = async (p: number) => toNumbers(await run(one, host(Int32Array.of(p), [1, 1])));
    const dot = (a: number[], b: number[]) => a.reduce((sum, v, i) => sum + v * b[i]!, 0);
    expect(dot(await at(3), await at(10))).toBeCloseTo(dot(await at(50), await at(57)), 4);
  });

  it("writes only standard operators into files", () => {
    const input = placeholder("x", "f32", ["batch", LENGTH, HEADS, WIDTH]);
    const outputs = [{ name: "y", tensor: rotaryPositions(input) }];
    const has = (portable: boolean) =>
      Buffer.from(emit([{ name: "x", tensor: input }], outputs, { portable })).includes("com.microsoft");
    expect([has(true), has(false)]).toEqual([false, true]);
  });

  it("takes batches of any size", async () => {
    const run = program((t: Tensor) => rotaryPositions(t));
    const first = host(x.data.slice(0, x.data.length / BATCH), [1, LENGTH, HEADS, WIDTH]);
    const [both, alone] = [await run(x), await run(first)];
    expect(relativeError({ ...alone, data: both.data.slice(0, alone.data.length) }, alone)).toBe(0);
  });

  it("says what does not fit", () => {
    const input = placeholder("x", "f32", [2, 5, 3, 8]);
    const at = placeholder("p", "i32", [1, 5]);
    expect(() => rotaryPositions(placeholder("x", "f32", [2, 5, 3, 7]))).toThrow("with an even E");
    expect(() => rotaryPositions(input, { positions: at, context: 9 })).toThrow("Expected [B, T], and a context");
    expect(() => rotaryPositions(input, { context: 4 })).toThrow("in a context of 4");
  });
});
