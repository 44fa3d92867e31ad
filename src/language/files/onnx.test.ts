import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { decodeModel } from "../../tensor/onnx/proto.ts";
import { type DecoderConfig, decoder, followersOf, gpt2, llama } from "../decoder/index.ts";
import { characterTokeniser } from "../tokenisers/index.ts";
import { exportForBrowser } from "./browser.ts";
import { loadDecoder } from "./load.ts";
import { cacheBytes, decoderOnnx } from "./onnx.ts";
import { graphWriter } from "./onnx-graph.ts";
import { saveDecoder } from "./save.ts";
import { distance, expected, FIXTURES, fixture, forward, randomParams } from "./testing.ts";

type Cache = Record<string, ort.Tensor>;
const whole = (rows: readonly (readonly number[])[]) =>
  new ort.Tensor("int64", BigInt64Array.from(rows.flat(), BigInt), [rows.length, rows[0]!.length]);

/** A file in use: rows of new tokens behind a cache, rows of the mask for all tokens. */
async function open(bytes: Uint8Array, config: DecoderConfig) {
  const session = await ort.InferenceSession.create(bytes);
  const names = session.inputNames.filter((name) => name.startsWith("past"));
  const empty = (batch: number): Cache => {
    const shape = [batch, config.keyHeads, 0, config.headWidth];
    return Object.fromEntries(names.map((name) => [name, new ort.Tensor("float32", new Float32Array(0), shape)]));
  };
  const run = async (tokens: number[][], mask: number[][], past: Cache) => {
    const places = mask.map((row) => {
      let seen = 0;
      return row.map((real) => Math.max(0, (seen += real) - 1)).slice(-tokens[0]!.length);
    });
    const feeds = { input_ids: whole(tokens), attention_mask: whole(mask), position_ids: whole(places), ...past };
    const { logits, ...present } = await session.run(feeds);
    const renamed = Object.entries(present).map(([name, t]) => [name.replace("present", "past_key_values"), t]);
    return { logits: Array.from(logits!.data as Float32Array), cache: Object.fromEntries(renamed) as Cache };
  };
  return { session, empty, run, release: () => session.release() };
}

const ones = (rows: number, columns: number) => Array.from({ length: rows }, () => new Array<number>(columns).fill(1));
const TOKENS = [
  [1, 2, 3, 4, 5, 6, 7],
  [9, 8, 10, 0, 3, 3, 2],
];
const SIZES = { vocabulary: 11, context: 16, width: 24, layers: 4, heads: 4 };

describe.each<[string, DecoderConfig]>([
  ["llama, grouped", llama({ ...SIZES, keyHeads: 2 })],
  ["one shared head, normed, tied", llama({ ...SIZES, keyHeads: 1, queryKeyNorm: true, tied: true, headWidth: 8 })],
  ["shared maps", llama({ ...SIZES, keyHeads: 2, leaders: [0, 1, 1, 3], biases: true })],
  ["gpt2", gpt2(SIZES)],
  [
    "gpt2 with shared maps, untied, exact GELU",
    gpt2({ ...SIZES, leaders: [0, 0, 0, 3], tied: false, feedForward: "gelu" }),
  ],
  ["layer norm and rotary positions", gpt2({ ...SIZES, positions: "rotary", keyHeads: 2, biases: false })],
])("%s", (_name, config) => {
  const params = randomParams(config);
  const V = config.vocabulary;

  test("all at once and token by token: our own forward pass", async () => {
    const file = await open(decoderOnnx({ config, params }), config);
    const want = await forward(config, params, TOKENS);
    expect(distance((await file.run(TOKENS, ones(2, 7), file.empty(2))).logits, want)).toBeLessThan(1e-4);
    let cache = file.empty(2);
    for (let t = 0; t < 7; t++) {
      const step = await file.run(
        TOKENS.map((row) => [row[t]!]),
        ones(2, t + 1),
        cache,
      );
      const there = [0, 1].flatMap((row) => want.slice((row * 7 + t) * V, (row * 7 + t + 1) * V));
      expect(distance(step.logits, there)).toBeLessThan(1e-4);
      cache = step.cache;
    }
    // Followers keep values alone: layers·B·n·G·E·(2 - followers/layers)·4 bytes.
    const bytes = Object.values(cache).reduce((sum, { data }) => sum + (data as Float32Array).byteLength, 0);
    const { layers, keyHeads, headWidth } = config;
    const followers = followersOf(config);
    expect(bytes).toBe(layers * 2 * 7 * keyHeads * headWidth * (2 - followers.length / layers) * 4);
    expect(bytes).toBe(2 * 7 * cacheBytes(config));
    for (const i of followers) expect(file.session.inputNames).not.toContain(`past_key_values.${i}.key`);
    await file.release();
  });

  test("padding on the left changes nothing", async () => {
    const file = await open(decoderOnnx({ config, params }), config);
    const rows = [[0, 0, 0, 5, 6], TOKENS[1]!.slice(0, 5)];
    const mask = [
      [0, 0, 0, 1, 1],
      [1, 1, 1, 1, 1],
    ];
    const first = await file.run(rows, mask, file.empty(2));
    const next = await file.run(
      [[7], [4]],
      mask.map((row) => [...row, 1]),
      first.cache,
    );
    const alone = await forward(config, params, [[5, 6, 7]]);
    expect(distance(first.logits.slice(3 * V, 5 * V), alone.slice(0, 2 * V))).toBeLessThan(1e-4);
    expect(distance(next.logits.slice(0, V), alone.slice(2 * V))).toBeLessThan(1e-4);
    const other = await forward(config, params, [[...rows[1]!, 4]]);
    expect(distance(next.logits.slice(V), other.slice(5 * V))).toBeLessThan(1e-4);
    await file.release();
  });
});

test.each(FIXTURES)("%s: the greedy continuation of Python transformers", async (name) => {
  const { config, params } = await loadDecoder(fixture(name));
  const file = await open(decoderOnnx({ config, params }), config);
  const { greedy } = expected(name);
  const out = greedy.slice(0, 4);
  let step = await file.run([out], ones(1, 4), file.empty(1));
  while (out.length < greedy.length) {
    const last = step.logits.slice(-config.vocabulary);
    out.push(last.indexOf(Math.max(...last)));
    step = await file.run([[out.at(-1)!]], ones(1, out.length), step.cache);
  }
  expect(out).toEqual(greedy);
  await file.release();
});

test("names and open sizes as optimum and transformers.js have them, standard operators alone", () => {
  const config = llama({ ...SIZES, layers: 2, keyHeads: 2, leaders: [0, 0] });
  const { graph, opsetImport } = decodeModel(decoderOnnx({ config, params: randomParams(config) }));
  const sizes = (ports: typeof graph.input) =>
    ports.map(({ name, type }) => [
      name,
      type!.tensorType!.elemType,
      type!.tensorType!.shape!.dim.map((d) => d.dimParam ?? d.dimValue),
    ]);
  const all = "past_sequence_length + sequence_length";
  const past = ["batch_size", 2, "past_sequence_length", 6];
  expect(sizes(graph.input)).toEqual([
    ["input_ids", 7, ["batch_size", "sequence_length"]],
    ["attention_mask", 7, ["batch_size", all]],
    ["position_ids", 7, ["batch_size", "sequence_length"]],
    ["past_key_values.0.key", 1, past],
    ["past_key_values.0.value", 1, past],
    ["past_key_values.1.value", 1, past],
  ]);
  expect(sizes(graph.output)).toEqual([
    ["logits", 1, ["batch_size", "sequence_length", 11]],
    ...["0.key", "0.value", "1.value"].map((name) => [`present.${name}`, 1, ["batch_size", 2, all, 6]]),
  ]);
  expect(opsetImport).toEqual([{ domain: "", version: 20 }]);
  expect(graph.node.every(({ domain }) => domain === "")).toBe(true);
  // One softmax serves both layers.
  expect(graph.node.filter(({ opType }) => opType === "Softmax")).toHaveLength(1);
});

test("16-bit weights: half the file, and the numbers of a folder saved in F16", async () => {
  const config = llama({ ...SIZES, width: 64, layers: 2, tied: true });
  const params = randomParams(config);
  const scratch = mkdtempSync(join(tmpdir(), "lyceum-onnx-"));
  await saveDecoder(scratch, { config, params }, "F16");
  const rounded = (await loadDecoder(scratch)).params;
  // Norms stay as they are in the ONNX file.
  for (const { offset, shape, size } of decoder(config).model.params.entries)
    if (shape.length === 1) rounded.set(params.subarray(offset, offset + size), offset);
  rmSync(scratch, { recursive: true });
  const [large, small] = [decoderOnnx({ config, params }), decoderOnnx({ config, params }, "F16")];
  expect(small.length / large.length).toBeLessThan(0.55);
  const file = await open(small, config);
  const { logits } = await file.run(TOKENS, ones(2, 7), file.empty(2));
  expect(distance(logits, await forward(config, rounded, TOKENS))).toBeLessThan(1e-4);
  await file.release();
});

test("a folder for pages", async () => {
  const scratch = mkdtempSync(join(tmpdir(), "lyceum-browser-"));
  const config = gpt2({ ...SIZES, positions: "rotary", keyHeads: 2 });
  const params = randomParams(config);
  const tokeniser = characterTokeniser([..."abcdefghij"], { special: ["end"] });
  await exportForBrowser(scratch, { config, params, tokeniser });
  await exportForBrowser(scratch, { config, params, tokeniser }, "F16");
  expect(readdirSync(scratch, { recursive: true }).sort()).toEqual([
    "config.json",
    "generation_config.json",
    "onnx",
    "onnx/model.onnx",
    "onnx/model_fp16.onnx",
    "tokenizer.json",
    "tokenizer_config.json",
  ]);
  expect(statSync(join(scratch, "onnx/model.onnx")).size).toBe(decoderOnnx({ config, params }).length);
  // No family of transformers.js: it is told the sizes of the cache.
  expect(JSON.parse(readFileSync(join(scratch, "config.json"), "utf8"))).toMatchObject({
    model_type: "llama",
    num_hidden_layers: 4,
    num_key_value_heads: 2,
    head_dim: 6,
    eos_token_id: 10,
  });
  rmSync(scratch, { recursive: true });
});

test("what one file cannot hold is refused before it is put together", () => {
  const graph = graphWriter();
  graph.stored("large", "f32", [2 ** 29], { length: 2 ** 31 } as Uint8Array);
  expect(() => graph.encode("")).toThrow("2.0 GiB; one ONNX file holds 2");
});
