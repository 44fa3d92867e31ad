import { describe, expect, it } from "vitest";
import { grad } from "../grad.ts";
import { host, toNumbers } from "../host.ts";
import { program } from "../program.ts";
import type { Tensor } from "../tensor.ts";
import { gather, gatherElements, oneHot, range, scatterAdd, sort, topK } from "./index.ts";

const table = host([1, 2, 3, 4, 5, 6], [3, 2]);
const places = host(Int32Array.of(2, 0, 2), [3]);

describe("indexing", () => {
  it("gathers rows, and adds their gradients back where a row repeats", async () => {
    const run = program((x: Tensor, i: Tensor) => {
      const rows = gather(x, i);
      return { rows, slope: grad(rows.mul(rows).sum(), [x])[0]! };
    });
    const { rows, slope } = await run(table, places);
    expect(toNumbers(rows)).toEqual([5, 6, 1, 2, 5, 6]);
    expect(toNumbers(slope)).toEqual([2, 4, 0, 0, 20, 24]);
  });
  it("takes the scatter path for large tables, with the same gradient", async () => {
    // 5000 rows times 64 columns times 500 indices is beyond the one-hot product.
    const run = program((x: Tensor, i: Tensor) => grad(gather(x, i).sum(), [x])[0]!);
    const indices = Int32Array.from({ length: 500 }, (_, i) => (i * 7) % 40);
    const slope = await run(host(new Float32Array(5000 * 64), [5000, 64]), host(indices));
    const counts = Array.from({ length: 5000 }, (_, row) => indices.filter((i) => i === row).length);
    expect(counts.every((n, row) => slope.data[row * 64 + 63] === n)).toBe(true);
  });
  it("scatters, one-hot encodes, sorts", async () => {
    const run = program((x: Tensor, i: Tensor) => ({
      added: scatterAdd(x, i, x),
      hot: oneHot(i.sub(1), 2),
      largest: topK(x.reshape([6]), 2),
      ascending: sort(i),
      picked: gatherElements(x, i.reshape([3, 1]).minimum(1), 1),
      range: range(3),
    }));
    const out = await run(table, places);
    expect(toNumbers(out.added)).toEqual([4, 6, 3, 4, 11, 14]);
    expect(toNumbers(out.hot)).toEqual([0, 1, 0, 0, 0, 1]);
    expect([toNumbers(out.largest.values), toNumbers(out.largest.indices)]).toEqual([
      [6, 5],
      [5, 4],
    ]);
    expect(toNumbers(out.ascending.values)).toEqual([0, 2, 2]);
    expect(toNumbers(out.picked)).toEqual([2, 3, 6]);
    expect(toNumbers(out.range)).toEqual([0, 1, 2]);
  });
});

describe("indexing errors", () => {
  const message = (fn: (x: Tensor, i: Tensor) => Tensor) =>
    program(fn)
      .compile(table, places)
      .then(
        () => "compiled",
        (e: Error) => e.message,
      );
  it("say what does not fit", async () => {
    expect(await message((x) => gather(x, x))).toMatchInlineSnapshot(`"gather needs i32 or i64 indices, got f32."`);
    expect(await message((x, i) => gatherElements(x, i))).toMatchInlineSnapshot(
      `"gatherElements of [3,2] with [3]. Ranks must be equal."`,
    );
    expect(await message((x, i) => scatterAdd(x, i, x.slice(0, 0, 2)))).toMatchInlineSnapshot(
      `"scatterAdd into [3,2] at [3] of [2,2]. Give one row per index."`,
    );
    expect(await message((x) => topK(x, 3).values)).toMatchInlineSnapshot(`"topK got k = 3 for an axis of size 2."`);
  });
});
