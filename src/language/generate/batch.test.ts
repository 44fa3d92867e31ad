import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { constant, evaluate, host, key, toNumbers } from "../../tensor/index.ts";
import { decoder, llama } from "../decoder/index.ts";
import { type Answers, type BatchOptions, generateBatch } from "./batch.ts";
import { type CachedModel, cachedModel } from "./cached-model.ts";
import { GREEDY, PLAIN } from "./requests.ts";

const CONFIG = llama({ vocabulary: 13, context: 24, width: 16, layers: 2, heads: 2 });
const MODEL = decoder(CONFIG);
const loud = (seed: number) => MODEL.model.init(key(seed)).params.map((w) => (w === 1 ? 1 : 10 * w));
const PARAMS = loud(5);

let frozen: CachedModel;
let fed: CachedModel;
beforeAll(async () => {
  [frozen, fed] = await Promise.all([cachedModel(MODEL, { params: PARAMS }), cachedModel(MODEL)]);
});
afterAll(async () => {
  await frozen.release();
  await fed.release();
});

const RAGGED = Array.from({ length: 9 }, (_, i) => Array.from({ length: 1 + ((5 * i) % 8) }, (_, j) => (i + j) % 13));
const options = (given: Partial<BatchOptions> = {}): BatchOptions => ({ maxTokens: 10, key: key(2), ...given });
const rowOf = ({ tokens, lengths }: Answers, i: number, width = 10) =>
  Array.from(tokens.subarray(i * width, i * width + lengths[i]!));

async function logProbabilities(params: Float32Array, tokens: readonly number[]): Promise<number[]> {
  const state = { params: constant(host(params)), buffers: constant(host(new Float32Array(0), [0])) };
  const x = constant(host(Int32Array.from(tokens), [1, tokens.length]));
  return toNumbers(await evaluate(MODEL.model.apply(state, x).output.logSoftmax()));
}

test("ragged prompts: greedy answers and log-probabilities are those of full forward passes", async () => {
  const answers = await generateBatch(frozen, RAGGED, options({ sampling: GREEDY }));
  for (const [i, prompt] of RAGGED.entries()) {
    const own = rowOf(answers, i);
    expect(own).toHaveLength(10);
    const all = await logProbabilities(PARAMS, [...prompt, ...own]);
    own.forEach((token, j) => {
      const at = prompt.length + j - 1;
      const row = all.slice(at * 13, (at + 1) * 13);
      expect(token).toBe(row.indexOf(Math.max(...row)));
      expect(Math.abs(answers.logProbabilities[i * 10 + j]! - row[token]!)).toBeLessThan(1e-5);
    });
  }
});

test("log-probabilities are the model's own, whatever the answers were drawn with", async () => {
  const sampling = { temperature: 1.5, topK: 4, topP: 0.9 };
  const answers = await generateBatch(frozen, [[1, 2]], options({ sampling }));
  const own = rowOf(answers, 0);
  const all = await logProbabilities(PARAMS, [1, 2, ...own]);
  own.forEach((token, j) => {
    expect(Math.abs(answers.logProbabilities[j]! - all[(j + 1) * 13 + token]!)).toBeLessThan(1e-5);
  });
});

test("drawn answers do not depend on the company, and repeat with their key", async () => {
  const all = await generateBatch(frozen, RAGGED, options());
  expect(await generateBatch(frozen, RAGGED, options())).toEqual(all);
  const fewer = await generateBatch(frozen, RAGGED.slice(0, 3), options());
  for (let i = 0; i < 3; i++) expect(rowOf(fewer, i)).toEqual(rowOf(all, i));
  const other = await generateBatch(frozen, RAGGED, options({ key: key(3) }));
  expect(other.tokens).not.toEqual(all.tokens);
  // Equal prompts in different rows draw differently.
  const same = await generateBatch(frozen, [[1], [1], [1]], options());
  expect(rowOf(same, 0)).not.toEqual(rowOf(same, 1));
});

test("an answer ends with a stop token; zeros follow", async () => {
  const free = await generateBatch(frozen, RAGGED, options());
  const stopped = await generateBatch(frozen, RAGGED, options({ stopTokens: [3, 7] }));
  let ended = 0;
  RAGGED.forEach((_, i) => {
    const whole = rowOf(free, i);
    const end = whole.findIndex((token) => token === 3 || token === 7);
    expect(rowOf(stopped, i)).toEqual(end < 0 ? whole : whole.slice(0, end + 1));
    if (end >= 0 && end < 9) ended++;
    expect([...stopped.tokens.subarray(i * 10 + stopped.lengths[i]!, (i + 1) * 10)].every((t) => t === 0)).toBe(true);
    expect(stopped.logProbabilities.subarray(i * 10 + stopped.lengths[i]!, (i + 1) * 10).every((p) => p === 0)).toBe(
      true,
    );
  });
  expect(ended).toBeGreaterThan(2);
});

test("parameters that change from call to call: one compiled model", async () => {
  const a = await generateBatch(fed, RAGGED, options({ params: PARAMS, sampling: GREEDY }));
  expect(a.tokens).toEqual((await generateBatch(frozen, RAGGED, options({ sampling: GREEDY }))).tokens);
  const other = loud(6);
  const b = await generateBatch(fed, RAGGED, options({ params: other, sampling: GREEDY }));
  expect(b.tokens).not.toEqual(a.tokens);
  // The same memory with other numbers in it, as a training step leaves it.
  const live = Float32Array.from(PARAMS);
  await generateBatch(fed, RAGGED, options({ params: live, sampling: GREEDY }));
  live.set(other);
  expect((await generateBatch(fed, RAGGED, options({ params: live, sampling: GREEDY }))).tokens).toEqual(b.tokens);
});

test("drawn tokens follow the model: 4,000 first tokens by chi-square", async () => {
  const { tokens } = await generateBatch(frozen, new Array(4000).fill([1, 2]), options({ maxTokens: 1 }));
  const p = (await logProbabilities(PARAMS, [1, 2])).slice(13).map(Math.exp);
  const counts = new Array<number>(13).fill(0);
  for (const token of tokens) counts[token]!++;
  // Rare tokens share a class, so that every one expects 5 at least.
  const classes = p.map((q, i) => ({ expected: 4000 * q, seen: counts[i]! }));
  const rare = classes.filter(({ expected }) => expected < 5);
  const sum = (of: "expected" | "seen") => rare.reduce((total, one) => total + one[of], 0);
  const cells = [
    ...classes.filter(({ expected }) => expected >= 5),
    ...(rare.length > 0 ? [{ expected: sum("expected"), seen: sum("seen") }] : []),
  ];
  const squares = cells.reduce(
    (total, { expected, seen }) => total + (seen - expected) ** 2 / Math.max(expected, 1),
    0,
  );
  // The 0.9999 quantile of chi-square with 12 degrees of freedom, the most there can be.
  expect(squares).toBeLessThan(39.134);
});

describe("what cannot be met says so", () => {
  test.each<[string, number[][], Partial<BatchOptions>, string]>([
    ["an empty prompt", [[1], []], {}, "Prompt 1 has 0 tokens"],
    ["longer than the context", [new Array(15).fill(1)], {}, "Prompt 0 has 15 tokens"],
    ["an answer as long as the context", [[1]], { maxTokens: 24 }, "24 tokens were asked for"],
    ["a token outside the vocabulary", [[13]], {}, "has 13 at place 0"],
    ["topP", [[1]], { sampling: { ...PLAIN, topP: Number.NaN } }, "topP = NaN"],
  ])("%s", async (_what, prompts, given, text) => {
    await expect(generateBatch(frozen, prompts, options(given))).rejects.toMatchObject({ code: "E_GENERATE" });
    await expect(generateBatch(frozen, prompts, options(given))).rejects.toThrow(text);
  });

  test("no prompts, no answers", async () => {
    expect((await generateBatch(frozen, [], options())).tokens).toHaveLength(0);
  });
});
