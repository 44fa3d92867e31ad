/** The whole system on small data: what it reports, what it takes from users, what it refuses. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decoder, gpt2, llama } from "../../language/decoder/index.ts";
import { loadDecoder, saveDecoder } from "../../language/files/index.ts";
import { alphabetOf, characterTokeniser } from "../../language/tokenisers/index.ts";
import { parseReport, type Report } from "../../teaching/report/schema.ts";
import { constant, currentBackend, evaluate, host, key, toNumbers } from "../../tensor/index.ts";
import { inspectOnnx } from "../../tensor/onnx/index.ts";
import { settleOptions } from "../options.ts";
import { runSystem } from "../run.ts";
import { checkPlan } from "../schedule.ts";
import { claims } from "./claims.ts";
import type { Values } from "./conclude.ts";
import { exportStudent } from "./export.ts";
import system from "./index.ts";
import type { Options } from "./options.ts";
import { plan } from "./plan.ts";
import { inherit, type Trained } from "./surgery.ts";
import { grammarText } from "./text.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), "lyceum-echoatt-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

let runs = 0;
async function run(options: Record<string, unknown>): Promise<Report> {
  const out = path.join(root, `run ${runs++}`);
  for await (const event of runSystem(system, options, { out, store: path.join(root, "store") })) {
    if (event.type === "finished") return event.report;
  }
  throw new Error("The run did not finish.");
}
const tiny = {
  ...{
    seeds: 1,
    width: 16,
    layers: 4,
    heads: 2,
    context: 16,
    teacherTokens: 2000,
    adjustTokens: 500,
    batchTokens: 128,
  },
  ...{ length: 2, examTokens: 256, sequences: 4, rounds: 6, speedBatch: 2 },
};

describe("a run", () => {
  it("of all arms ends in a valid report, and its student can be taken along", async () => {
    const folder = path.join(root, "taken");
    const report = await run({ ...tiny, export: folder });
    expect(parseReport(JSON.parse(JSON.stringify(report)))).toEqual(report);
    expect(report.arms.map(({ name }) => name)).toEqual([
      "teacher",
      "copied, not adjusted",
      "adjusted on text alone",
      "EchoAtt",
      "from random values",
      "on unlike layers",
      "attention dropped",
      "teacher, trained on",
    ]);
    expect(report.data.name).toBe("grammar");
    expect(report.claims.map(({ id }) => id)).toEqual(claims.map(({ id }) => id));
    const values = report.values as unknown as Values;
    expect(values.leaders).toEqual([0, 1, 1, 3]);
    const [teacher, , , echo, , unlike, dropped, on] = report.arms;
    expect(teacher!.params! - echo!.params!).toBe(16 * (16 + 16));
    expect(unlike!.params).toBe(echo!.params);
    expect(echo!.params! - dropped!.params!).toBe(2 * 16 * 16);
    expect(on!.params).toBe(teacher!.params);
    // One follower of four: one key of eight tensors.
    expect(values.cache.student / values.cache.teacher).toBeCloseTo(7 / 8, 12);
    const verdict = (id: string) => report.claims.find((claim) => claim.id === id)!.verdict;
    expect(verdict("cache")).toBe("holds");
    expect(verdict("quality")).toBe("inconclusive");
    const loaded = await loadDecoder(folder);
    expect(loaded.config.leaders).toEqual(values.leaders);
    expect(loaded.params).toHaveLength(echo!.params!);
    expect(existsSync(path.join(folder, "tokenizer.json"))).toBe(true);
    const again = await run({ ...tiny, teacher: path.join(folder, "teacher"), arms: ["none"] });
    expect(again.arms[0]).toMatchObject({ name: "teacher", params: teacher!.params!, metrics: teacher!.metrics });
  });

  it("takes a decoder of others with its tokeniser, and a text", async () => {
    const text = path.join(root, "own.txt");
    writeFileSync(text, grammarText(4000));
    const tokeniser = characterTokeniser(alphabetOf(grammarText(4000)));
    const config = gpt2({ vocabulary: tokeniser.size, context: 32, width: 16, layers: 4, heads: 2 });
    const folder = path.join(root, "teacher");
    const { params } = decoder(config).model.init(key(4));
    await saveDecoder(folder, { config, params, tokeniser });
    const report = await run({
      ...tiny,
      teacher: folder,
      text,
      arms: ["none", "echo"],
      choice: "similarity",
      threshold: -1,
      length: 3,
    });
    const values = report.values as unknown as Values;
    expect(report.arms[0]!.params).toBe(params.length);
    // Everything is above the threshold: as many followers as blocks of three leave room for in the inner two.
    expect(values.leaders).toEqual([0, 1, 1, 3]);
    // Queries and keys with biases.
    expect(values.size.saved).toBe(16 * 32 + 32);
    expect(report.arms[1]!.params).toBe(params.length - values.size.saved);
  });
});

describe("wrong options", () => {
  it.each([
    [{ arms: ["best"] }, "arms"],
    [{ choice: "random" }, "choice"],
    [{ stageOne: 2 }, "stageOne"],
    [{ length: 0 }, "length"],
    [{ context: 4 }, "context"],
    [{ temperature: 0 }, "temperature"],
  ])("%j", (given, name) => {
    expect(() => settleOptions(system as never, given)).toThrow(new RegExp(`Option "${name}"`));
  });

  it.each([
    [{ text: "./nowhere.txt" }, "E_CORPUS"],
    [{ teacher: "./nowhere" }, "E_DECODER_FILE"],
    [{ heads: 3 }, "E_DECODER"],
    [{ skipFirst: 9 }, "E_OPTION"],
    [{ export: "taken", arms: ["none", "text"] as const }, "E_OPTION"],
    [{ choice: "similarity", followers: 4 }, "E_OPTION"],
  ])("%j", async (given, code) => {
    await expect(run({ ...tiny, teacherTokens: 128, arms: ["none"], rounds: 1, ...given })).rejects.toMatchObject({
      code,
    });
  });

  it("a text that is too short, a teacher without a tokeniser or with shared maps", async () => {
    const text = path.join(root, "short.txt");
    writeFileSync(text, "To be or not to be");
    await expect(run({ ...tiny, text })).rejects.toMatchObject({ code: "E_OPTION" });
    const folder = path.join(root, "silent");
    mkdirSync(folder);
    const config = llama({ vocabulary: 30, context: 32, width: 16, layers: 3, heads: 2 });
    await saveDecoder(folder, { config, params: decoder(config).model.init(key(1)).params });
    await expect(run({ ...tiny, teacher: folder })).rejects.toThrow(/tokenizer\.json/);
    const shared = { ...config, leaders: [0, 0, 2] };
    const tokeniser = characterTokeniser([..."abcdefghijklmnopqrstuvwxyz .,\n"]);
    const again = path.join(root, "shared");
    await saveDecoder(again, { config: shared, params: decoder(shared).model.init(key(1)).params, tokeniser });
    await expect(run({ ...tiny, teacher: again })).rejects.toThrow(/share maps already/);
  });
});

describe("plans", () => {
  it.each([{}, system.quick, system.full])("%j can be carried out", (preset) => {
    const cells = plan(settleOptions<Options>(system as never, preset));
    expect(() => checkPlan(cells as never)).not.toThrow();
    // What draws nothing is done once.
    expect(cells.filter(({ id }) => id.startsWith("copied"))).toHaveLength(1);
  });
});

describe("an exported student", () => {
  const config = llama({ vocabulary: 30, context: 16, width: 16, layers: 4, heads: 2 });
  const made = decoder(config);
  const teacher = { decoder: made, params: made.model.init(key(8)).params };
  const tokeniser = characterTokeniser([..."abcdefghijklmnopqrstuvwxyz .,\n"]);

  it("keeps sharing in its ONNX graph: one softmax per block, no keys of followers, the same logits", async () => {
    const folder = path.join(root, "graph");
    const student = inherit(teacher, [0, 1, 1, 3]);
    await exportStudent(student, folder, tokeniser);
    const bytes = readFileSync(path.join(folder, "model.onnx"));
    const { operators, inputs } = inspectOnnx(bytes);
    expect(operators.find(({ name }) => name === "Softmax")!.count).toBe(3);
    const names = inputs.map(({ name }) => name);
    expect(names).toContain("past_key_values.2.value");
    expect(names).not.toContain("past_key_values.2.key");
    const loaded = await loadDecoder(folder);
    expect(loaded.config.leaders).toEqual([0, 1, 1, 3]);
    expect(loaded.params).toEqual(student.params);
    const session = await (await currentBackend()).compile(bytes);
    const ids = [3, 1, 4, 1, 5];
    const i64 = (values: number[]) => host(BigInt64Array.from(values, BigInt), [1, values.length], "i64");
    const none = host(new Float32Array(0), [1, 2, 0, 8]);
    const past = Object.fromEntries(names.filter((n) => n.startsWith("past")).map((n) => [n, none]));
    const found = await session.run({
      input_ids: i64(ids),
      attention_mask: i64(ids.map(() => 1)),
      position_ids: i64(ids.map((_, i) => i)),
      ...past,
    });
    const expected = await plainLogits(student, ids);
    const logits = toNumbers(found.logits!);
    expect(Math.max(...logits.map((x, i) => Math.abs(x - expected[i]!)))).toBeLessThan(1e-5);
    await session.release();
  });

  it("of a stock folder: its first layer is the stock model's", async () => {
    const folder = path.join(root, "stock");
    await saveDecoder(folder, { config, params: teacher.params, tokeniser });
    const loaded = await loadDecoder(folder);
    const stock = { decoder: decoder(loaded.config), params: loaded.params };
    const student = inherit(stock, [0, 0, 2, 2]);
    const [a, b] = [await plainLogits(stock, [1, 2, 3], "stage1"), await plainLogits(student, [1, 2, 3], "stage1")];
    expect(Math.max(...a.map((x, i) => Math.abs(x - b[i]!)))).toBeLessThan(1e-6);
  });
});

async function plainLogits(
  { decoder: of, params }: Trained,
  ids: readonly number[],
  tap = "output",
): Promise<number[]> {
  const state = { params: constant(host(params)), buffers: constant(host(new Float32Array(0))) };
  const { taps } = of.model.apply(state, constant(host(Int32Array.from(ids), [1, ids.length])));
  return toNumbers(await evaluate(taps.get(tap)!));
}
