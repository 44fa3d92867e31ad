/** The AI SDK, through its OpenAI-compatible provider, against the running server. */
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, generateText, streamText } from "ai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningServer, serve } from "./server.ts";
import { madeUp, testingEngine, testingModel, tokeniser, until } from "./testing-engine.ts";

const engine = testingEngine();
let server: RunningServer;
let provider: ReturnType<typeof createOpenAICompatible>;
beforeAll(async () => {
  server = await serve({ models: [testingModel(engine)], port: 0, token: "t0ken" });
  provider = createOpenAICompatible({
    name: "own",
    baseURL: `${server.url}/v1`,
    apiKey: "t0ken",
    includeUsage: true,
  });
});
afterAll(() => server.close());

const settings = () => ({ model: provider.chatModel("student"), maxRetries: 0 });

test("generates, with exact usage", async () => {
  const { text, finishReason, usage } = await generateText({ ...settings(), prompt: "the café", temperature: 0 });
  expect(text).toBe("the café");
  expect(finishReason).toBe("stop");
  const made = tokeniser.encode("the café").length;
  expect(usage).toMatchObject({ inputTokens: made + 3, outputTokens: made + 1, totalTokens: 2 * made + 4 });
  expect(engine.requests.at(-1)!.sampling.temperature).toBe(0);
});

test("streams", async () => {
  const { textStream, usage, finishReason } = streamText({ ...settings(), prompt: "the 👩‍🏫" });
  const pieces: string[] = [];
  for await (const piece of textStream) pieces.push(piece);
  expect(pieces).toEqual(["th", "e", " ", "👩", "\u200d", "🏫"]);
  expect(await finishReason).toBe("stop");
  expect((await usage).outputTokens).toBe(tokeniser.encode("the 👩‍🏫").length + 1);
});

test("stops at stop sequences and at the length", async () => {
  const stopped = await generateText({ ...settings(), prompt: "endless thth, ", stopSequences: ["hth, e"] });
  expect([stopped.text, stopped.finishReason]).toEqual(["endless t", "stop"]);
  const cut = await generateText({ ...settings(), prompt: "abcdef", maxOutputTokens: 3 });
  expect([cut.text, cut.finishReason]).toEqual(["abc", "length"]);
});

test("reads log-probabilities from the body", async () => {
  const { response } = await generateText({
    ...settings(),
    prompt: "the",
    providerOptions: { own: { logprobs: true, top_logprobs: 1 } },
  });
  const body = response.body as { choices: { logprobs: { content: { logprob: number; top_logprobs: object[] }[] } }[] };
  const { content } = body.choices[0]!.logprobs;
  const ids = [...tokeniser.encode("the"), tokeniser.special.end!];
  expect(content.map(({ logprob }) => logprob)).toEqual(ids.map(madeUp));
  expect(content.every(({ top_logprobs }) => top_logprobs.length === 1)).toBe(true);
});

test("aborts, whole and streamed", async () => {
  const first = new AbortController();
  const whole = generateText({ ...settings(), prompt: "endless ", abortSignal: first.signal });
  await until(() => engine.running === 1);
  first.abort();
  await expect(whole).rejects.toMatchObject({ name: "AbortError" });
  await until(() => engine.running === 0);

  const second = new AbortController();
  const { textStream } = streamText({ ...settings(), prompt: "endless ", abortSignal: second.signal });
  let seen = 0;
  for await (const _ of textStream) if (++seen === 3) second.abort();
  await until(() => engine.running === 0);
  expect(seen).toBeLessThan(4000);
});

test("tells what is wrong with a model, a tool and a token", async () => {
  const failing = async (promise: Promise<unknown>) => {
    const error = await promise.catch((error: unknown) => error);
    if (!APICallError.isInstance(error)) throw new Error(`Expected a refusal, got ${error}`);
    return { status: error.statusCode, message: error.message };
  };
  expect(await failing(generateText({ ...settings(), model: provider.chatModel("none"), prompt: "a" }))).toEqual({
    status: 404,
    message: 'There is no model "none" here, only: student.',
  });
  const json = { providerOptions: { own: { logit_bias: { 1: 2 } } } };
  expect(await failing(generateText({ ...settings(), prompt: "a", ...json }))).toEqual({
    status: 400,
    message: 'The field "logit_bias" is not supported here. Leave it out.',
  });
  const stranger = createOpenAICompatible({ name: "own", baseURL: `${server.url}/v1`, apiKey: "guess" });
  expect(await failing(generateText({ ...settings(), model: stranger.chatModel("student"), prompt: "a" }))).toEqual({
    status: 401,
    message: "The token is wrong.",
  });
});
