/** Language models from ONNX files: two of PyTorch's (fixtures/make.py) and one of ours. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { host, key } from "../../tensor/index.ts";
import { decodeModel, encodeModel } from "../../tensor/onnx/proto.ts";
import { decoder, llama } from "../decoder/index.ts";
import { modelSampler } from "../distil/index.ts";
import { decoderOnnx } from "../files/index.ts";
import { GREEDY } from "../generate/index.ts";
import { scorer } from "../lesson/index.ts";
import { type OnnxLanguageModel, onnxPieces, onnxSampler, openOnnxModel } from "./index.ts";

const fixture = (name: string) => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
const expected = JSON.parse(readFileSync(fixture("expected.json"), "utf8")) as {
  readonly tokens: number[][];
  readonly greedy: number[][];
  readonly logits: number[][][];
};
const VOCABULARY = 23;
const root = mkdtempSync(join(tmpdir(), "lyceum-onnx-"));
afterAll(() => rmSync(root, { recursive: true }));

const rowsOf = (rows: readonly number[][]) => host(Int32Array.from(rows.flat()), [rows.length, rows[0]!.length]);
async function logsOf(model: OnnxLanguageModel, rows: Parameters<typeof onnxPieces>[1], atOnce = 8) {
  const out: number[] = [];
  for await (const { from, values } of onnxPieces(model, rows, atOnce)) {
    expect(out).toHaveLength(from * Number(values.shape[1]) * Number(values.shape[2]));
    out.push(...(values.data as Float32Array));
  }
  return out;
}
const wanted = expected.logits.flat().map((row) => {
  const shift = Math.log(row.reduce((sum, v) => sum + Math.exp(v), 0));
  return row.map((v) => v - shift);
});

describe.each([
  ["neox.onnx", false],
  ["past.onnx", true],
])("%s", (name, cached) => {
  let model: OnnxLanguageModel;
  beforeAll(async () => void (model = await openOnnxModel(fixture(name))));
  afterAll(() => model.release());

  test("is known by what it says", () => {
    expect(model).toMatchObject({ name: name.replace(".onnx", ""), vocabulary: VOCABULARY, cached });
    expect(model.params).toBeGreaterThan(8000);
    expect(model.fingerprint).toMatch(/^[0-9a-f]{64}$/);
  });

  test("says of rows what PyTorch says, however many are read at once", async () => {
    for (const atOnce of [1, 8]) {
      const said = await logsOf(model, { tokens: rowsOf(expected.tokens) }, atOnce);
      expect(said).toHaveLength(2 * 7 * VOCABULARY);
      for (const [i, value] of said.entries()) expect(value).toBeCloseTo(wanted.flat()[i]!, 3);
    }
  });

  test("reads each document of a row by itself, and no padding", async () => {
    const [a, b] = expected.tokens as [number[], number[]];
    // The first five of one, the first three of the other and two of padding.
    const tokens = rowsOf([[...a.slice(0, 5), ...b.slice(0, 3), 0, 0]]);
    const segments = rowsOf([[0, 0, 0, 0, 0, 1, 1, 1, -1, -1]]);
    const said = await logsOf(model, { tokens, segments });
    const rows = [...wanted.slice(0, 5), ...wanted.slice(7, 10)].flat();
    for (const [i, value] of rows.entries()) expect(said[i]).toBeCloseTo(value, 3);
    expect(said.slice(rows.length)).toEqual(Array(2 * VOCABULARY).fill(0));
  });

  test("writes greedily what PyTorch writes", async () => {
    const speaker = onnxSampler(model, { maxTokens: 10, sampling: GREEDY });
    const prompts = expected.tokens.map((row) => row.slice(0, 4));
    const said = await speaker.sample(prompts, key(1));
    expect(said.map((tokens, i) => [...prompts[i]!, ...tokens])).toEqual(expected.greedy);
  });

  test("draws from its own distribution, ends at an end token, the same again with the same key", async () => {
    const prompt = expected.tokens[0]!;
    const speaker = onnxSampler(model, { maxTokens: 1 });
    const drawn = (await speaker.sample(Array<number[]>(2000).fill(prompt), key(2))).map(([token]) => token!);
    const p = wanted[6]!.map(Math.exp);
    // Chi-square with 22 degrees of freedom: 48.3 in one of a thousand.
    const chi = p.reduce((sum, share, v) => {
      const count = drawn.filter((token) => token === v).length;
      return sum + (count - 2000 * share) ** 2 / (2000 * share);
    }, 0);
    expect(chi).toBeLessThan(48.3);
    // Prompts of different lengths, which are read apart.
    const prompts = [prompt, prompt.slice(0, 3), expected.tokens[1]!];
    const long = onnxSampler(model, { maxTokens: 12, endTokens: [7, 11, 14] });
    const said = await long.sample(prompts, key(3));
    expect(await long.sample(prompts, key(3))).toEqual(said);
    for (const tokens of said) {
      const end = [...tokens].findIndex((token) => [7, 11, 14].includes(token));
      expect(tokens.length).toBe(end < 0 ? 12 : end + 1);
    }
    expect(said.some(({ length }) => length < 12)).toBe(true);
  });
});

test("a file of ours says what its decoder says, and writes what it writes", async () => {
  const config = llama({ vocabulary: 19, context: 24, width: 16, layers: 2, heads: 4, keyHeads: 2 });
  const made = decoder(config);
  const params = made.model.init(key(3)).params.map((w) => (w === 1 ? 1 : 15 * w));
  const file = join(root, "ours.onnx");
  writeFileSync(file, decoderOnnx({ config, params }));
  const model = await openOnnxModel(file);
  const tokens = rowsOf([
    [1, 4, 2, 18, 7, 7],
    [3, 3, 9, 0, 11, 5],
  ]);
  const said = await logsOf(model, { tokens });
  const own = scorer(made, 8);
  for await (const { values } of own.pieces(params, { tokens })) {
    for (const [i, value] of said.entries()) expect(value).toBeCloseTo(Number(values.data[i]), 3);
  }
  await own.release();
  const how = { maxTokens: 12, sampling: GREEDY };
  const [ours, theirs] = [onnxSampler(model, how), await modelSampler(made, { ...how, params })];
  const prompts = [
    [1, 4, 2],
    [3, 3, 9, 0],
  ];
  expect(await ours.sample(prompts, key(1))).toEqual(await theirs.sample(prompts, key(1)));
  await Promise.all([theirs.release(), model.release()]);
});

describe("refuses", () => {
  /** The fixture with its graph changed. */
  const changed = (name: string, change: (model: ReturnType<typeof decodeModel>) => void) => {
    const model = decodeModel(readFileSync(fixture("past.onnx")));
    change(model);
    const file = join(root, name);
    writeFileSync(file, encodeModel(model));
    return file;
  };
  const inputs = (model: ReturnType<typeof decodeModel>) => model.graph!.input;

  test.each([
    ["missing.onnx", () => join(root, "missing.onnx"), /cannot be read/],
    [
      "no logits",
      () => changed("scores.onnx", (m) => void ((m.graph!.output[0] as { name: string }).name = "scores")),
      /no language model: it makes scores/,
    ],
    [
      "an unknown input",
      () => changed("pixels.onnx", (m) => void ((inputs(m)[1] as { name: string }).name = "pixel_values")),
      /wants "pixel_values"/,
    ],
    [
      "16-bit caches",
      () => changed("half.onnx", (m) => void ((inputs(m)[3]!.type!.tensorType as { elemType: number }).elemType = 10)),
      /keeps its past as float16/,
    ],
  ])("%s", async (_what, file, message) => {
    await expect(openOnnxModel(file())).rejects.toThrow(message);
    await expect(openOnnxModel(file())).rejects.toMatchObject({ code: "E_TEACHER_FILE" });
  });

  test("a file that is no ONNX", async () => {
    const file = join(root, "text.onnx");
    writeFileSync(file, "once upon a time");
    await expect(openOnnxModel(file)).rejects.toMatchObject({ code: "E_ONNX_FORMAT" });
  });
});
