import { describe, expect, test } from "vitest";
import { constant, evaluate, host, key, toNumbers } from "../../tensor/index.ts";
import { type DecoderConfig, decoder, gpt2, llama } from "../decoder/index.ts";
import { cachedModel } from "./cached-model.ts";
import { caches } from "./caches.ts";

const SMALL = { vocabulary: 23, context: 16, width: 32, layers: 3, heads: 4 };
const TOKENS = [5, 1, 7, 22, 0, 3, 3, 19, 4, 11, 2, 8];

async function fullLogits(config: DecoderConfig, params: Float32Array, tokens: readonly number[]): Promise<number[]> {
  const state = { params: constant(host(params)), buffers: constant(host(new Float32Array(0), [0])) };
  const x = constant(host(Int32Array.from(tokens), [1, tokens.length]));
  return toNumbers(await evaluate(decoder(config).model.apply(state, x).output));
}

/** Larger than the initial ones, so that attention is far from uniform. */
function loud(config: DecoderConfig): Float32Array {
  return decoder(config)
    .model.init(key(3))
    .params.map((w) => (w === 1 ? 1 : 8 * w));
}

/** Logits at every place, reading the tokens in pieces of these sizes into one slot of three. */
async function inPieces(
  config: DecoderConfig,
  pieces: readonly number[],
  options: { unfused?: boolean; fed?: boolean },
) {
  const params = loud(config);
  const model = await cachedModel(decoder(config), {
    ...(!options.fed && { params }),
    unfused: options.unfused ?? false,
  });
  const store = caches(config, 3, TOKENS.length);
  const out: number[] = [];
  let from = 0;
  for (const n of pieces) {
    const all = Int32Array.from({ length: n }, (_, i) => i);
    const run = {
      tokens: all.map((i) => TOKENS[from + i]!),
      positions: all.map((i) => from + i),
      last: Int32Array.of(from + n - 1),
      rows: all,
      inverseTemperature: new Float32Array(n).fill(1),
      caches: store.view(1, 1),
    };
    out.push(...(await model.run(run, options.fed ? params : undefined)).logits);
    from += n;
  }
  await model.release();
  return out;
}

const CONFIGS: [string, DecoderConfig][] = [
  ["llama", llama(SMALL)],
  ["gpt2", gpt2(SMALL)],
  ["grouped queries, normed, tied", llama({ ...SMALL, keyHeads: 2, queryKeyNorm: true, tied: true })],
  ["shared maps", llama({ ...SMALL, keyHeads: 2, leaders: [0, 0, 2] })],
  ["all follow the first", llama({ ...SMALL, leaders: [0, 0, 0] })],
  ["heads that the fused kernel does not take", llama({ ...SMALL, headWidth: 6 })],
];

describe.each(CONFIGS)("%s: cached decoding equals the full forward pass at every place", (_name, config) => {
  const ONE_BY_ONE = TOKENS.map(() => 1);
  test.each([
    ["a prompt in one piece", [8, 1, 1, 1, 1], {}],
    ["a prompt in two pieces", [5, 3, 1, 1, 2], {}],
    ["token by token", ONE_BY_ONE, {}],
    ["standard operators only", [5, 3, 1, 1, 2], { unfused: true }],
    ["parameters fed", [8, 4], { fed: true }],
  ])("%s", async (_how, pieces, options) => {
    const wanted = await fullLogits(config, loud(config), TOKENS);
    const given = await inPieces(config, pieces, options);
    const worst = Math.max(...given.map((x, i) => Math.abs(x - wanted[i]!)));
    expect(given).toHaveLength(wanted.length);
    expect(worst).toBeLessThan(1e-5 * Math.max(1, ...wanted.map(Math.abs)));
  });
});

test("followers keep no keys: the bytes by formula", () => {
  const bytes = (leaders: number[]) =>
    caches(llama({ ...SMALL, layers: leaders.length, keyHeads: 2, leaders }), 5, 16).bytes;
  expect(bytes([0, 1, 2])).toBe(3 * 5 * 16 * 2 * 8 * 2 * 4);
  expect(bytes([0, 0, 0, 3])).toBe(4 * 5 * 16 * 2 * 8 * (2 - 2 / 4) * 4);
});

test("caches keep what they have when they grow, and move it", () => {
  const store = caches(llama(SMALL), 2, 3);
  const keys = () => store.view(0, store.slots).before.keys1!;
  const at = (slot: number, head: number, place: number) => ((slot * 4 + head) * store.capacity + place) * 8;
  keys().data[at(1, 2, 1) + 5] = 7;
  store.reserve(2, 5);
  store.reserve(4, 2);
  expect([store.slots, store.capacity]).toEqual([4, 5]);
  expect(keys().data[at(1, 2, 1) + 5]).toBe(7);
  store.move(1, 3, 2);
  expect(keys().data[at(3, 2, 1) + 5]).toBe(7);
});

test("parameters: in the model or in the run, not both", async () => {
  const config = llama(SMALL);
  const params = loud(config);
  const run = {
    ...{ tokens: Int32Array.of(1), positions: Int32Array.of(0), last: Int32Array.of(0), rows: Int32Array.of(0) },
    ...{ inverseTemperature: Float32Array.of(1), caches: caches(config, 1, 2).view(0, 1) },
  };
  const fed = await cachedModel(decoder(config));
  await expect(fed.run(run)).rejects.toThrow("without its parameters");
  const frozen = await cachedModel(decoder(config), { params });
  await expect(frozen.run(run, params)).rejects.toThrow("with its parameters");
  await fed.release();
  await frozen.release();
});
