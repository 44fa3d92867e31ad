import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { encodeSafetensors, parseSafetensors, type SafeTensor } from "../../data/safetensors.ts";
import { viewParams } from "../../nn/index.ts";
import { type DecoderConfig, decoder, gpt2, llama } from "../decoder/index.ts";
import { characterTokeniser } from "../tokenisers/index.ts";
import { loadDecoder } from "./load.ts";
import { decoderOnnx } from "./onnx.ts";
import { saveDecoder } from "./save.ts";
import { layoutOf } from "./tensors.ts";
import { distance, expected, FIXTURES, fixture, forward, randomParams } from "./testing.ts";

const scratch = mkdtempSync(join(tmpdir(), "lyceum-files-"));
afterAll(() => rmSync(scratch, { recursive: true }));
let folders = 0;
const fresh = () => join(scratch, String(++folders));

const json = (file: string): Record<string, unknown> => JSON.parse(readFileSync(file, "utf8"));
const tensorsOf = (folder: string): Map<string, SafeTensor> =>
  new Map(
    readdirSync(folder)
      .filter((name) => name.endsWith(".safetensors"))
      .flatMap((name) => [...parseSafetensors(readFileSync(join(folder, name))).tensors]),
  );

test.each(FIXTURES)("%s: the logits of Python transformers", async (name) => {
  const { config, params } = await loadDecoder(fixture(name));
  const { tokens, logits } = expected(name);
  // Logits of ±4, written with five decimals.
  expect(distance(await forward(config, params, tokens), logits.flat(2))).toBeLessThan(1e-4);
});

test.each([
  ["llama", "F32"],
  ["llama3", "BF16"],
  ["gpt2", "F16"],
  ["qwen3", "F16"],
] as const)("%s, saved as %s: every tensor and field as Python wrote it", async (name, dtype) => {
  const folder = fresh();
  await saveDecoder(folder, await loadDecoder(fixture(name)).then(({ tokeniser: _, ...rest }) => rest), dtype);
  const [ours, theirs] = [tensorsOf(folder), tensorsOf(fixture(name))];
  expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort());
  for (const [tensor, { shape, bytes, dtype: type }] of theirs) {
    expect(ours.get(tensor)).toMatchObject({ shape, dtype: type });
    expect(Buffer.compare(ours.get(tensor)!.bytes, bytes), tensor).toBe(0);
  }
  const [written, original] = [json(join(folder, "config.json")), json(join(fixture(name), "config.json"))];
  // GPT-2's null stands for four widths, and no tokeniser was given that would know the special tokens.
  const apart = ["bos_token_id", "eos_token_id", "pad_token_id", "n_inner"];
  for (const field of Object.keys(written).filter((key) => key in original && !apart.includes(key)))
    expect(written[field], field).toEqual(original[field]);
});

const SIZES = { vocabulary: 13, context: 16, width: 12, layers: 3, heads: 6 };
describe.each<[string, DecoderConfig]>([
  ["llama, grouped and tied", llama({ ...SIZES, keyHeads: 2, tied: true, rotaryBase: 77 })],
  ["llama with biases", llama({ ...SIZES, biases: true })],
  ["llama, stretched", llama({ ...SIZES, rotaryScaling: { kind: "linear", factor: 4 } })],
  ["normed heads of another width", llama({ ...SIZES, queryKeyNorm: true, headWidth: 4 })],
  ["shared maps", llama({ ...SIZES, keyHeads: 3, leaders: [0, 0, 2] })],
  ["gpt2, untied, exact GELU", gpt2({ ...SIZES, tied: false, feedForward: "gelu", inner: 20 })],
  ["gpt2 with shared maps", gpt2({ ...SIZES, leaders: [0, 1, 1] })],
  ["no known family", gpt2({ ...SIZES, positions: "rotary", keyHeads: 3, biases: false, normEpsilon: 1e-3 })],
  ["normed heads and biases", llama({ ...SIZES, queryKeyNorm: true, biases: true })],
])("%s", (_name, config) => {
  test("saved and loaded: the same bit for bit", async () => {
    const params = randomParams(config);
    const folder = fresh();
    await saveDecoder(folder, { config, params });
    const loaded = await loadDecoder(folder);
    expect(loaded.config).toEqual(config);
    expect(Buffer.compare(Buffer.from(loaded.params.buffer), Buffer.from(params.buffer))).toBe(0);
    expect(readdirSync(folder).sort()).toEqual(["config.json", "generation_config.json", "model.safetensors"]);
  });
});

test("a tokeniser comes along, with its special tokens where others look for them", async () => {
  const config = llama({ ...SIZES, layers: 1 });
  const params = randomParams(config);
  const [folder, copy] = [fresh(), fresh()];
  const tokeniser = characterTokeniser([..."abcdefghijk"], { special: ["begin", "end"] });
  await saveDecoder(folder, { config, params, tokeniser });
  expect(json(join(folder, "generation_config.json"))).toEqual({
    bos_token_id: 11,
    eos_token_id: 12,
    pad_token_id: null,
  });
  expect(json(join(folder, "tokenizer_config.json"))).toMatchObject({ bos_token: "<|begin|>", eos_token: "<|end|>" });
  expect(await loadDecoder(folder)).toMatchObject({ tokeniser: join(folder, "tokenizer.json"), end: [12] });
  await saveDecoder(copy, { config, params, tokeniser: folder });
  for (const name of readdirSync(folder))
    expect(readFileSync(join(copy, name))).toEqual(readFileSync(join(folder, name)));
});

test("sharing the map of a stock model: its first layer is untouched, followers lose queries and keys alone", async () => {
  const stock = await loadDecoder(fixture("llama"));
  const config = { ...stock.config, leaders: [0, 0] };
  const { params: layout } = decoder(config).model;
  const params = new Float32Array(layout.size);
  const from = viewParams(decoder(stock.config).model.params, stock.params);
  for (const [path, { data }] of viewParams(layout, params)) {
    const value = from.get(path) ?? from.get(path.replace(".v.", ".qkv."))!;
    data.set(value.data.subarray(value.data.length - data.length));
  }
  const { tokens } = expected("llama");
  const first = await forward(config, params, tokens, "stage1");
  expect(distance(first, await forward(stock.config, stock.params, tokens, "stage1"))).toBeLessThan(1e-6);
  const folder = fresh();
  await saveDecoder(folder, { config, params });
  const reloaded = await loadDecoder(folder);
  expect(await forward(reloaded.config, reloaded.params, tokens)).toEqual(await forward(config, params, tokens));
  expect(json(join(folder, "config.json")).attention_sharing).toEqual({ leaders: [0, 0] });
  const [names, all] = [tensorsOf(folder), tensorsOf(fixture("llama"))];
  const lost = [...all.keys()].filter((name) => !names.has(name));
  expect(lost.sort()).toEqual(["k", "q"].map((which) => `model.layers.1.self_attn.${which}_proj.weight`));
});

test("a context of 131,072 tokens costs nothing", async () => {
  const config = llama({ ...SIZES, layers: 1, context: 131_072 });
  const params = randomParams({ ...config, context: 16 });
  const folder = fresh();
  await saveDecoder(folder, { config, params });
  expect(await loadDecoder(folder)).toEqual({ config, params, end: [] });
  // Weights of 8 kB and the nodes; a table of that many places would take megabytes.
  expect(decoderOnnx({ config, params }).length).toBeLessThan(20_000);
});

test("TinyLlama: 1,100,048,384 parameters by the shapes alone; nine followers save 42,467,328", () => {
  const tiny = { vocabulary: 32_000, context: 2048, width: 2048, layers: 22, heads: 32, keyHeads: 4, inner: 5632 };
  expect(layoutOf(llama(tiny)).size).toBe(1_100_048_384);
  const leaders = Array.from({ length: 22 }, (_, i) => (i > 0 && i < 19 ? i - ((i - 1) % 2) : i));
  const shared = layoutOf(llama({ ...tiny, leaders })).size;
  expect(1_100_048_384 - shared).toBe(42_467_328);
});

/** A copy of a fixture, changed. */
function changed(name: string, change: { config?: object; tensors?: (all: Map<string, SafeTensor>) => void }): string {
  const folder = fresh();
  cpSync(fixture(name), folder, { recursive: true });
  const config = { ...json(join(folder, "config.json")), ...change.config };
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  if (change.tensors) {
    const all = tensorsOf(folder);
    change.tensors(all);
    writeFileSync(join(folder, "model.safetensors"), encodeSafetensors(all));
  }
  return folder;
}

test("GPT-2 without the first part of its names, with the buffers of older files", async () => {
  const folder = changed("gpt2", {
    tensors: (all) => {
      for (const [name, tensor] of [...all]) {
        all.delete(name);
        all.set(name.replace("transformer.", ""), tensor);
      }
      all.set("h.0.attn.bias", { dtype: "U8", shape: [2], bytes: Uint8Array.of(1, 1) });
    },
  });
  expect((await loadDecoder(folder)).params).toEqual((await loadDecoder(fixture("gpt2"))).params);
});

describe("what is wrong says so", () => {
  const norm = "model.layers.1.input_layernorm.weight";
  const cut = (folder: string) => {
    const file = join(folder, "model.safetensors");
    writeFileSync(file, readFileSync(file).subarray(0, -10));
    return folder;
  };
  const without = (folder: string, name: string) => {
    rmSync(join(folder, name));
    return folder;
  };
  const index = (folder: string, value: string) => {
    writeFileSync(join(folder, "model.safetensors.index.json"), value);
    return folder;
  };
  test.each<[string, () => string, string, string]>([
    ["no folder", () => join(scratch, "none"), "E_DECODER_FILE", 'config.json" is missing'],
    [
      "no weights",
      () => without(changed("gpt2", {}), "model.safetensors"),
      "E_DECODER_FILE",
      "neither model.safetensors nor",
    ],
    [
      "a shard is missing",
      () => without(changed("llama", {}), "model-00002-of-00003.safetensors"),
      "E_DECODER_FILE",
      'model-00002-of-00003.safetensors" is missing',
    ],
    ["an odd index", () => index(changed("llama", {}), "{}"), "E_DECODER_FILE", "no weight_map"],
    ["an index that is no JSON", () => index(changed("llama", {}), "{"), "E_DECODER_FILE", "is not JSON"],
    [
      "an index that leads elsewhere",
      () => index(changed("llama", {}), JSON.stringify({ weight_map: { a: "../x.safetensors" } })),
      "E_DECODER_FILE",
      "no weight_map of files beside it",
    ],
    [
      "a tensor that no shard has",
      () => index(changed("llama", {}), JSON.stringify({ weight_map: { a: "model-00001-of-00003.safetensors" } })),
      "E_DECODER_FILE",
      'lists "a", which no shard',
    ],
    ["a truncated file", () => cut(changed("gpt2", {})), "E_DATA_TRUNCATED", "its tensors end at"],
    [
      "a missing tensor",
      () => changed("llama", { tensors: (all) => all.delete(norm) }),
      "E_DECODER_FILE",
      `no tensor "${norm}"`,
    ],
    [
      "a tensor left over",
      () => changed("llama", { tensors: (all) => all.set("model.extra", all.get(norm)!) }),
      "E_DECODER_FILE",
      "no place in the model of config.json: model.extra",
    ],
    [
      "a wrong shape",
      () => changed("llama", { config: { intermediate_size: 40 } }),
      "E_DECODER_FILE",
      "has shape [32,32]; config.json makes it [40,32]",
    ],
    [
      "weights of 8 bits",
      () =>
        changed("llama", { tensors: (all) => all.set(norm, { dtype: "I8", shape: [32], bytes: new Uint8Array(32) }) }),
      "E_DECODER_FILE",
      "is stored as I8",
    ],
  ])("%s", async (_what, folder, code, text) => {
    await expect(loadDecoder(folder())).rejects.toMatchObject({ code, message: expect.stringContaining(text) });
  });

  test("parameters of another model, and numbers that F16 cannot hold", async () => {
    const config = llama({ ...SIZES, layers: 1 });
    await expect(saveDecoder(fresh(), { config, params: new Float32Array(3) })).rejects.toMatchObject({
      code: "E_PARAM_SHAPE",
    });
    const params = randomParams(config).fill(70_000, 5, 6);
    await expect(saveDecoder(fresh(), { config, params }, "F16")).rejects.toThrow('embed_tokens.weight" holds 70000');
  });
});
