import { describe, expect, it } from "vitest";
import { host, toNumbers } from "../host.ts";
import { program } from "../program.ts";
import type { Tensor } from "../tensor.ts";
import { broadcastTo, concat, dilate, padReflect, split, stack } from "./index.ts";

const run = async (fn: (x: Tensor) => Tensor, shape: number[]) => {
  const size = shape.reduce((a, b) => a * b, 1);
  const out = await program(fn)(
    host(
      Array.from({ length: size }, (_, i) => i),
      shape,
    ),
  );
  return { shape: out.shape, values: toNumbers(out) };
};

describe("slices have Python's meaning", () => {
  it.each<[number, number | undefined, number, number[]]>([
    [1, 3, 1, [1, 2]],
    [-2, undefined, 1, [3, 4]],
    [0, -1, 2, [0, 2]],
    [-1, undefined, -1, [4, 3, 2, 1, 0]],
    [3, 0, -2, [3, 1]],
    [2, 100, 1, [2, 3, 4]],
  ])("[%j:%j:%j]", async (start, end, step, expected) => {
    expect((await run((x) => x.slice(0, start, end, step), [5])).values).toEqual(expected);
  });
});

describe("shapes", () => {
  it("pads, tiles, spreads and mirrors", async () => {
    expect((await run((x) => x.pad([1], [2], 9), [2])).values).toEqual([9, 0, 1, 9, 9]);
    expect(await run((x) => x.tile([2, 2]), [1, 2])).toEqual({ shape: [2, 4], values: [0, 1, 0, 1, 0, 1, 0, 1] });
    expect((await run((x) => dilate(x, 0, 3), [3])).values).toEqual([0, 0, 0, 1, 0, 0, 2]);
    expect((await run((x) => padReflect(x, [2], [1]), [3])).values).toEqual([2, 1, 0, 1, 2, 1]);
  });
  it("splits and joins", async () => {
    const swapped = await run((x) => concat(split(x, 1, [1, 2]).reverse(), 1), [2, 3]);
    expect(swapped).toEqual({ shape: [2, 3], values: [1, 2, 0, 4, 5, 3] });
    expect(await run((x) => stack([x, x], -1), [2])).toEqual({ shape: [2, 2], values: [0, 0, 1, 1] });
  });
});

describe("shape errors", () => {
  const message = (fn: (x: Tensor) => Tensor) =>
    run(fn, [2, 3]).then(
      () => "compiled",
      (e: Error) => e.message,
    );
  it("say what does not fit", async () => {
    expect(await message((x) => x.reshape([4, -1]))).toMatchInlineSnapshot(
      `"Cannot reshape [2,3] to [4,-1]: -1 has no whole value."`,
    );
    expect(await message((x) => x.transpose([0, 0]))).toMatchInlineSnapshot(
      `"[0,0] is not a permutation of the 2 axes of [2,3]."`,
    );
    expect(await message((x) => x.squeeze(0))).toMatchInlineSnapshot(`"Axis 0 of [2,3] has size 2, not 1."`);
    expect(await message((x) => x.slice(1, 2, 1))).toMatchInlineSnapshot(
      `"slice(2, 1, 1) of axis 1 of [2,3] is empty."`,
    );
    expect(await message((x) => concat([x, x.transpose()]))).toMatchInlineSnapshot(
      `"concat along axis 0 of f32[2,3], f32[3,2]. All other sizes must agree."`,
    );
    expect(await message((x) => padReflect(x, [2], [0]))).toMatchInlineSnapshot(
      `"Cannot reflect 2 elements of an axis of size 2."`,
    );
    expect(await message((x) => broadcastTo(x, [3, 3]))).toMatchInlineSnapshot(
      `"Cannot broadcastTo [2,3] with [3,3]: 2 against 3. Sizes must be equal or 1."`,
    );
  });
});
