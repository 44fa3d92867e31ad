import { describe, expect, test } from "vitest";
import { viewParams } from "../../nn/index.ts";
import { constant, evaluate, host, key, toNumbers } from "../../tensor/index.ts";
import { type DecoderConfig, gpt2, llama } from "./config.ts";
import { bodySize, decoder } from "./decoder.ts";

const SMALL = { vocabulary: 11, context: 8, width: 16, layers: 3, heads: 4 };
const i32 = (rows: number[][]) => constant(host(Int32Array.from(rows.flat()), [rows.length, rows[0]!.length]));

async function logits(
  config: DecoderConfig,
  tokens: number[][],
  { params = decoder(config).model.init(key(1)).params, inputs = {} as Record<string, number[][]> } = {},
): Promise<number[]> {
  const { model } = decoder(config);
  const state = { params: constant(host(params)), buffers: constant(host(new Float32Array(0), [0])) };
  const given = Object.fromEntries(Object.entries(inputs).map(([name, rows]) => [name, i32(rows)]));
  return toNumbers(await evaluate(model.apply(state, i32(tokens), { inputs: given }).output));
}

const close = (a: readonly number[], b: readonly number[]) =>
  expect(Math.max(...a.map((x, i) => Math.abs(x - b[i]!)))).toBeLessThan(1e-6);

describe.each([
  ["llama", llama(SMALL)],
  ["gpt2", gpt2(SMALL)],
  ["grouped queries, normed", llama({ ...SMALL, keyHeads: 2, queryKeyNorm: true, tied: true })],
  ["shared maps", llama({ ...SMALL, keyHeads: 2, leaders: [0, 0, 2] })],
])("%s", (_name, config) => {
  test("does not look ahead", async () => {
    const [a, b] = [await logits(config, [[1, 2, 3, 4]]), await logits(config, [[1, 2, 9, 9]])];
    close(a.slice(0, 22), b.slice(0, 22));
    expect(Math.abs(a[30]! - b[30]!)).toBeGreaterThan(1e-4);
  });

  test("documents packed into one row are read as if alone", async () => {
    const alone = await logits(config, [[5, 6, 7]]);
    const inputs = { segments: [[0, 0, 1, 1, 1]], positions: [[0, 1, 0, 1, 2]] };
    close((await logits(config, [[1, 2, 5, 6, 7]], { inputs })).slice(22), alone);
  });
});

test("shared key heads: as if keys and values were repeated", async () => {
  const grouped = llama({ ...SMALL, keyHeads: 2 });
  const full = llama(SMALL);
  const given = decoder(grouped).model;
  const params = given.init(key(4)).params;
  const source = viewParams(given.params, params);
  const wide = decoder(full).model;
  const target = new Float32Array(wide.params.size);
  for (const [path, { data }] of viewParams(wide.params, target)) {
    const from = source.get(path)!.data;
    if (!path.endsWith("qkv.weight")) data.set(from);
    else {
      // Rows of a head are headWidth·width numbers: 4 queries, then each of the two keys and values twice.
      const head = 4 * 16;
      [0, 1, 2, 3, 4, 4, 5, 5, 6, 6, 7, 7].forEach((h, i) => {
        data.set(from.subarray(h * head, (h + 1) * head), i * head);
      });
    }
  }
  close(await logits(full, [[1, 2, 3, 4]], { params: target }), await logits(grouped, [[1, 2, 3, 4]], { params }));
});

test("sizes by formula", () => {
  const { model } = decoder(llama(SMALL));
  // Per block 4·D² + 3·D·F + 2·D; embedding and head V·D each; the last norm.
  expect(model.params.size).toBe(3 * (4 * 256 + 3 * 16 * 64 + 32) + 2 * 11 * 16 + 16);
  expect(bodySize(decoder(llama(SMALL)))).toBe(3 * (4 * 256 + 3 * 16 * 64 + 32) + 16);
  // A follower has no queries and keys: d·(H·E + G·E) less.
  const shared = decoder(llama({ ...SMALL, keyHeads: 2, leaders: [0, 0, 0] })).model.params.size;
  expect(decoder(llama({ ...SMALL, keyHeads: 2 })).model.params.size - shared).toBe(2 * 16 * (16 + 8));
});

test.each([
  [{ width: 18 }, "headWidth 4.5"],
  [{ keyHeads: 3 }, "4 heads on 3 key heads"],
  [{ leaders: [0, 0, 1] }, "leaders [0,0,1]"],
  [{ layers: 0 }, "layers 0"],
])("what cannot be built says so: %j", (wrong, text) => {
  expect(() => llama({ ...SMALL, ...wrong })).toThrow(text);
});

test("a long context costs nothing until it is used", () => {
  const { model } = decoder(llama({ ...SMALL, context: 131_072 }));
  expect(model.params.size).toBe(decoder(llama(SMALL)).model.params.size);
});
