import { describe, expect, it } from "vitest";
import { host, toNumbers } from "../host.ts";
import { program } from "../program.ts";
import type { Tensor } from "../tensor.ts";
import { disagreement, drawn, relativeError } from "./agreement.test-helper.ts";
import { type AttentionOptions, scaledDotProductAttention as attention } from "./attention.ts";
import { concat } from "./shaping.ts";

describe("scaledDotProductAttention", () => {
  it("is softmax(q kᵀ / √D) v", async () => {
    const run = program((q: Tensor, k: Tensor, v: Tensor) => ({
      ours: attention(q, k, v),
      plain: q.matmul(k.transpose()).div(Math.sqrt(8)).softmax().matmul(v),
    }));
    const { ours, plain } = await run(drawn(1, [2, 3, 5, 8]), drawn(2, [2, 3, 7, 8]), drawn(3, [2, 3, 7, 4]));
    expect(relativeError(ours, plain)).toBeLessThan(1e-6);
  });

  it("causal: a query depends on no later key, and the last sees all", async () => {
    const run = program((q: Tensor, k: Tensor, v: Tensor, w: Tensor) => {
      // Keys and values from place 2 on are replaced: queries 0 and 1 (of 4 over 5 keys: up to keys 1 and 2) ...
      const swap = (t: Tensor) => concat([t.slice(2, 0, 2), w.slice(2, 2)], 2);
      return { before: attention(q, k, v, { causal: true }), after: attention(q, swap(k), swap(v), { causal: true }) };
    });
    const { before, after } = await run(
      drawn(1, [1, 1, 4, 3]),
      drawn(2, [1, 1, 5, 3]),
      drawn(3, [1, 1, 5, 3]),
      drawn(4, [1, 1, 5, 3]),
    );
    const rows = [before, after].map((t) => [0, 1, 2, 3].map((i) => toNumbers(t).slice(3 * i, 3 * i + 3)));
    expect(rows[0]![0]).toEqual(rows[1]![0]);
    for (const i of [1, 2, 3]) expect(rows[0]![i]).not.toEqual(rows[1]![i]);
  });

  it("grouped queries equal repeated keys, with every kind of mask", async () => {
    const masks: [AttentionOptions, number[] | undefined][] = [
      [{}, undefined],
      [{ causal: true }, undefined],
      [{}, [4, 5]],
      [{ causal: true }, [2, 1, 1, 5]],
      [{}, [6, 4, 5]],
      [{}, [2, 6, 1, 5]],
    ];
    for (const [options, shape] of masks) {
      const run = program((q: Tensor, k: Tensor, v: Tensor, m: Tensor) => {
        const all = shape ? { ...options, mask: m } : options;
        const repeat = (t: Tensor) => t.expandDims(2).broadcastTo([2, 2, 3, 5, 4]).reshape([2, 6, 5, 4]);
        return { grouped: attention(q, k, v, all), repeated: attention(q, repeat(k), repeat(v), all) };
      });
      const { grouped, repeated } = await run(
        drawn(1, [2, 6, 4, 4]),
        drawn(2, [2, 2, 5, 4]),
        drawn(3, [2, 2, 5, 4]),
        drawn(4, shape ?? [1]),
      );
      expect(relativeError(grouped, repeated), JSON.stringify([options, shape])).toBeLessThan(1e-6);
    }
  });

  it("a bool mask hides keys; a row with nothing visible is finite", async () => {
    const run = program((q: Tensor, k: Tensor, v: Tensor, m: Tensor) => attention(q, k, v, { mask: m.gt(0) }));
    const mask = host([1, 0, 0, 0, 0, 0], [2, 3]);
    const y = toNumbers(
      await run(drawn(1, [1, 1, 2, 2]), drawn(2, [1, 1, 3, 2]), host([1, 2, 3, 4, 5, 6], [1, 1, 3, 2]), mask),
    );
    expect(y.slice(0, 2)).toEqual([1, 2]);
    expect(y[2]).toBeCloseTo(3, 5);
    expect(y[3]).toBeCloseTo(4, 5);
  });

  it("f32 agrees with f64 to second order", async () => {
    const inputs = [drawn(1, [2, 4, 6, 8]), drawn(2, [2, 2, 6, 8]), drawn(3, [2, 2, 6, 8])];
    const errors = await disagreement((q, k, v) => attention(q!, k!, v!, { causal: true }), inputs);
    for (const [what, error] of Object.entries(errors)) expect(error, what).toBeLessThan(1e-5);
  });

  it("says what does not fit", async () => {
    const message = (q: number[], k: number[], v: number[], options?: AttentionOptions) =>
      program((a: Tensor, b: Tensor, c: Tensor) => attention(a, b, c, options))
        .compile(drawn(1, q), drawn(2, k), drawn(3, v))
        .then(
          () => "compiled",
          (e: Error) => e.message,
        );
    expect(await message([2, 3, 4], [2, 3, 4], [2, 3, 4])).toMatchInlineSnapshot(
      `"Attention of q [2,3,4], k [2,3,4] and v [2,3,4]. Expected [B, H, T, D], [B, G, S, D] and [B, G, S, E]."`,
    );
    expect(await message([2, 3, 4, 5], [2, 2, 4, 5], [2, 2, 4, 5])).toMatchInlineSnapshot(
      `"Attention of q [2,3,4,5], k [2,2,4,5] and v [2,2,4,5]. The number of query heads must be a multiple of the number of key heads."`,
    );
    expect(await message([2, 2, 4, 5], [2, 2, 3, 5], [2, 2, 3, 5], { causal: true })).toMatchInlineSnapshot(
      `"Attention of q [2,2,4,5], k [2,2,3,5] and v [2,2,3,5]. With a causal mask there must be at least as many keys as queries."`,
    );
  });
});
