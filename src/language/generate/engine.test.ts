import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { constant, evaluate, host, key, toNumbers } from "../../tensor/index.ts";
import { decoder, llama } from "../decoder/index.ts";
import type { Finish, GeneratedToken, GenerateRequest, TextEngine } from "./contract.ts";
import { createEngine, type Engine } from "./engine.ts";
import { GREEDY, PLAIN } from "./requests.ts";

// Both kinds of attention: layers 0 and 1 share a map, layer 2 takes the fused kernel.
const SHARING = { keyHeads: 2, leaders: [0, 0, 2] };
const CONFIG = llama({ vocabulary: 31, context: 96, width: 32, layers: 3, heads: 4, ...SHARING });
const MODEL = decoder(CONFIG);
// Loud weights: distributions that differ from place to place.
const PARAMS = MODEL.model.init(key(5)).params.map((w) => (w === 1 ? 1 : 6 * w));

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine(MODEL, PARAMS, { slots: 3 });
});
afterAll(() => engine.release());

interface Answer {
  readonly tokens: GeneratedToken[];
  readonly finish: Finish;
}
async function collect(by: TextEngine, request: GenerateRequest, each?: (soFar: number) => void): Promise<Answer> {
  const tokens: GeneratedToken[] = [];
  const stream = by.generate(request);
  for (;;) {
    const next = await stream.next();
    if (next.done) return { tokens, finish: next.value };
    tokens.push(next.value);
    each?.(tokens.length);
  }
}
const idsOf = ({ tokens }: Answer) => tokens.map(({ token }) => token);
const request = (given: Partial<GenerateRequest> = {}): GenerateRequest => ({
  ...{ prompt: [1, 2, 3], maxTokens: 12, sampling: PLAIN, key: key(7) },
  ...given,
});

async function logProbabilities(tokens: readonly number[]): Promise<number[][]> {
  const state = { params: constant(host(PARAMS)), buffers: constant(host(new Float32Array(0), [0])) };
  const x = constant(host(Int32Array.from(tokens), [1, tokens.length]));
  const all = toNumbers(await evaluate(MODEL.model.apply(state, x).output.logSoftmax()));
  return tokens.map((_, i) => all.slice(i * 31, (i + 1) * 31));
}

test("greedy answers are those of full forward passes, with the model's log-probabilities", async () => {
  const { tokens, finish } = await collect(engine, request({ sampling: GREEDY, alternatives: 3 }));
  expect(finish).toBe("length");
  const text = [1, 2, 3, ...tokens.map(({ token }) => token)];
  const wanted = await logProbabilities(text);
  tokens.forEach(({ token, logProbability, alternatives }, i) => {
    const row = wanted[i + 2]!;
    const order = [...row.keys()].sort((a, b) => row[b]! - row[a]!);
    expect(token).toBe(order[0]);
    expect(Math.abs(logProbability - row[token]!)).toBeLessThan(1e-5);
    expect(alternatives.map((a) => a.token)).toEqual(order.slice(0, 3));
    expect(Math.abs(alternatives[2]!.logProbability - row[order[2]!]!)).toBeLessThan(1e-5);
  });
});

test("scores are those of a full forward pass", async () => {
  const text = Array.from({ length: 90 }, (_, i) => (i * 17 + 3) % 31);
  const wanted = await logProbabilities(text);
  const given = await engine.score(text, 1);
  expect(given).toHaveLength(89);
  given.forEach(({ token, logProbability, alternatives }, i) => {
    expect(token).toBe(text[i + 1]);
    expect(Math.abs(logProbability - wanted[i]![token]!)).toBeLessThan(1e-5);
    expect(alternatives[0]!.token).toBe(wanted[i]!.indexOf(Math.max(...wanted[i]!)));
  });
  expect(await engine.score([4])).toEqual([]);
});

describe("requests side by side", () => {
  const requests = Array.from({ length: 8 }, (_, i) =>
    request({
      prompt: Array.from({ length: 1 + 5 * i }, (_, j) => (i + 3 * j) % 31),
      maxTokens: 5 + ((7 * i) % 20),
      sampling: { temperature: i % 3 === 0 ? 0 : 1, topK: i % 2 ? 10 : 0, topP: i % 4 === 1 ? 0.9 : 1 },
      key: key(i),
    }),
  );

  test("answer as if alone, though they wait, join and leave", async () => {
    const alone: Answer[] = [];
    for (const one of requests) alone.push(await collect(engine, one));
    const together = await Promise.all(requests.map((one) => collect(engine, one)));
    together.forEach(({ tokens, finish }, i) => {
      expect(tokens.map((t) => t.token)).toEqual(idsOf(alone[i]!));
      expect(finish).toBe(alone[i]!.finish);
      // A kernel may add in another order for another number of rows: rounding of sums of some 30 f32 terms.
      tokens.forEach((t, j) => {
        expect(Math.abs(t.logProbability - alone[i]!.tokens[j]!.logProbability)).toBeLessThan(1e-5);
      });
    });
  });

  test("one that joins later or stops in between changes nothing for the others", async () => {
    const wanted = idsOf(await collect(engine, requests[3]!));
    const stop = new AbortController();
    const others: Promise<Answer>[] = [];
    const given = await collect(engine, requests[3]!, (soFar) => {
      if (soFar === 2) others.push(collect(engine, request({ ...requests[5]!, maxTokens: 60, signal: stop.signal })));
      if (soFar === 3) others.push(collect(engine, requests[7]!));
      if (soFar === 5) stop.abort();
    });
    expect(idsOf(given)).toEqual(wanted);
    const [aborted, full] = await Promise.all(others);
    expect(aborted!.finish).toBe("aborted");
    expect(idsOf(full!)).toEqual(idsOf(await collect(engine, requests[7]!)));
  });

  test("a reader that leaves early frees its slot", async () => {
    for (let i = 0; i < 5; i++) {
      for await (const _ of engine.generate(request({ maxTokens: 80 }))) break;
    }
    expect(idsOf(await collect(engine, requests[2]!))).toHaveLength(requests[2]!.maxTokens);
  });
});

describe("an answer ends", () => {
  test("with a stop token, which is its last", async () => {
    const [first, second, third] = idsOf(await collect(engine, request()));
    const stopped = await collect(engine, request({ stopTokens: [third!, 30 - third!] }));
    const until = [first, second, third].indexOf(third);
    expect(idsOf(stopped)).toEqual([first, second, third].slice(0, until + 1));
    expect(stopped.finish).toBe("stop");
  });

  test("with the context", async () => {
    const long = await collect(engine, request({ prompt: new Array(90).fill(4), maxTokens: 50 }));
    expect(long.tokens).toHaveLength(6);
    expect(long.finish).toBe("length");
  });

  test("with its signal, also before it began", async () => {
    const stop = new AbortController();
    const answer = await collect(engine, request({ maxTokens: 90, signal: stop.signal }), (soFar) => {
      if (soFar === 4) stop.abort();
    });
    expect(answer.finish).toBe("aborted");
    expect(answer.tokens.length).toBeLessThan(8);
    expect(await collect(engine, request({ signal: AbortSignal.abort() }))).toEqual({ tokens: [], finish: "aborted" });
  });
});

test("the same key, the same answer; another key, another one", async () => {
  const a = idsOf(await collect(engine, request()));
  expect(idsOf(await collect(engine, request()))).toEqual(a);
  expect(idsOf(await collect(engine, request({ key: key(8) })))).not.toEqual(a);
});

test("a prompt longer than a piece", async () => {
  const config = llama({ vocabulary: 31, context: 700, width: 16, layers: 1, heads: 2 });
  const model = decoder(config);
  const params = model.model.init(key(5)).params.map((w) => (w === 1 ? 1 : 6 * w));
  const long = await createEngine(model, params, { slots: 2 });
  const prompt = Array.from({ length: 600 }, (_, i) => (i * i) % 31);
  const state = { params: constant(host(params)), buffers: constant(host(new Float32Array(0), [0])) };
  const logits = model.model.apply(state, constant(host(Int32Array.from(prompt), [1, 600]))).output;
  const [wanted] = toNumbers(await evaluate(logits.slice(1, 599).argmax()));
  const [one, two] = await Promise.all(
    [1, 2].map((seed) => collect(long, request({ prompt, maxTokens: 3, sampling: GREEDY, key: key(seed) }))),
  );
  expect(idsOf(one!)[0]).toBe(wanted);
  expect(idsOf(two!)).toEqual(idsOf(one!));
  expect(long.cacheBytes).toBe(1 * 2 * 700 * 16 * 2 * 4);
  await long.release();
});

test.each<[string, Partial<GenerateRequest>, string]>([
  ["an empty prompt", { prompt: [] }, "The prompt has 0 tokens"],
  ["a prompt that fills the context", { prompt: new Array(96).fill(1) }, "has 96 tokens"],
  ["a token outside the vocabulary", { prompt: [1, 31] }, "has 31 at place 1"],
  ["half a token", { prompt: [0.5] }, "has 0.5 at place 0"],
  ["no tokens", { maxTokens: 0 }, "0 tokens were asked for"],
  ["a temperature below 0", { sampling: { ...PLAIN, temperature: -1 } }, "temperature -1"],
  ["a temperature that is no number", { sampling: { ...PLAIN, temperature: Number.NaN } }, "temperature NaN"],
  ["topP 0", { sampling: { ...PLAIN, topP: 0 } }, "topP = 0"],
  ["topP above 1", { sampling: { ...PLAIN, topP: 1.1 } }, "topP = 1.1"],
  ["topK below 0", { sampling: { ...PLAIN, topK: -1 } }, "topK = -1"],
  ["too many alternatives", { alternatives: 32 }, "32 alternatives"],
])("what cannot be met says so: %s", async (_what, given, text) => {
  await expect(collect(engine, request(given))).rejects.toMatchObject({ code: "E_GENERATE" });
  await expect(collect(engine, request(given))).rejects.toThrow(text);
});

test("scores that cannot be met say so", async () => {
  await expect(engine.score([])).rejects.toMatchObject({ code: "E_GENERATE" });
  await expect(engine.score(new Array(97).fill(1))).rejects.toThrow("97 tokens");
  await expect(engine.score([1, -1])).rejects.toThrow("-1 at place 1");
});

test("release ends what is on its way, and refuses what comes after", async () => {
  const own = await createEngine(MODEL, PARAMS, { slots: 1 });
  let released: Promise<void> | undefined;
  const [running, queued] = await Promise.all([
    collect(own, request({ maxTokens: 90 }), (soFar) => {
      if (soFar === 3) released = own.release();
    }),
    collect(own, request({ maxTokens: 90 })),
  ]);
  await released;
  expect([running!.finish, queued!.finish]).toEqual(["aborted", "aborted"]);
  expect(queued!.tokens).toEqual([]);
  await own.release();
  await expect(collect(own, request())).rejects.toThrow("released");
  await expect(own.score([1, 2])).rejects.toMatchObject({ code: "E_GENERATE" });
  await expect(createEngine(MODEL, PARAMS, { slots: 0 })).rejects.toThrow("0 slots");
});
