import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { chatTeacher } from "./chat-model.ts";
import { parseEndpoint } from "./endpoint.ts";
import { tokensOf } from "./logprobs.ts";
import { boundOf, type ChatRequest, requestKey, type Sampling } from "./request.ts";
import { scoreText } from "./score.ts";
import { type FakeServer, type Fault, fakeServer } from "./testing-server.ts";

let server: FakeServer;
let fault: Fault = "none";
beforeAll(async () => {
  server = await fakeServer(() => fault);
});
afterAll(() => server.close());
const endpoint = () => parseEndpoint(`${server.url}#fake`, {});
const request = (sampling: Partial<Sampling> = {}): ChatRequest => ({
  messages: [
    { role: "system", content: "Be kind." },
    { role: "user", content: "Hello you" },
  ],
  sampling: { maxTokens: 50, ...sampling },
  sample: 0,
});
async function ask(given: ChatRequest, with_: Fault = "none", timeout = 20) {
  fault = with_;
  return chatTeacher(endpoint(), { timeout }).ask(given, { requestId: "r-1" });
}

test("an answer, what it cost and who gave it; no log-probabilities unless asked for", async () => {
  const reply = await ask(request());
  expect(reply).toEqual({
    ok: true,
    answer: {
      text: "Answer to: Hello you",
      finish: "stop",
      usage: { input: 7, cached: 3, output: 4, reasoning: 0 },
      model: "fake-2026",
      id: "chatcmpl-1",
    },
  });
  expect(server.log.at(-1)!.requestId).toBe("r-1");
});

test("the request says what was chosen and nothing else", async () => {
  await ask(request());
  expect(Object.keys(server.log.at(-1)!.body).sort()).toEqual(["max_tokens", "messages", "model"]);
  const sampling = { temperature: 0.7, topP: 0.9, seed: 5, stop: ["\n"], logprobs: 3, extra: { top_k: 20 } };
  await ask({ ...request(sampling), sample: 2 });
  expect(server.log.at(-1)!.body).toEqual({
    model: "fake",
    messages: request().messages,
    ...{
      max_tokens: 50,
      temperature: 0.7,
      top_p: 0.9,
      seed: 7,
      stop: ["\n"],
      logprobs: true,
      top_logprobs: 3,
      top_k: 20,
    },
  });
});

test("log-probabilities of every token with their alternatives", async () => {
  const reply = await ask(request({ logprobs: 2 }));
  const tokens = reply.ok ? reply.answer.tokens! : [];
  expect(tokens.map(({ token }) => token)).toEqual(["Answer", " to:", " Hello", " you"]);
  expect(tokens[1]).toEqual({
    token: " to:",
    logprob: -1.25,
    top: [
      { token: " to:", logprob: -0.25 },
      { token: " to:1", logprob: -1.25 },
    ],
  });
});

test("absent usage is absent", async () => {
  const reply = await ask(request(), "no usage");
  expect(reply.ok && "usage" in reply.answer).toBe(false);
});

test.each<[Fault, object]>([
  ["rate", { kind: "rate limit", status: 429, retryAfter: 15, billed: "no" }],
  ["server", { kind: "server error", message: "500: Internal error." }],
  ["refuse", { kind: "refused", message: "400: The prompt is too long." }],
  ["truncated", { kind: "bad body", billed: "known", usage: { input: 7, cached: 3, output: 4, reasoning: 0 } }],
  ["bad json", { kind: "bad body", billed: "perhaps" }],
  ["page", { kind: "bad body", message: expect.stringContaining("gateway is being repaired") }],
  ["die", { kind: "broken off", billed: "perhaps", status: 200 }],
  ["reset", { kind: "broken off", billed: "perhaps" }],
])("failure: %s", async (with_, failure) => {
  expect(await ask(request(), with_)).toMatchObject({ ok: false, failure });
});

test("too late, and stopped by us", async () => {
  expect(await ask(request(), "timeout", 0.1)).toMatchObject({ ok: false, failure: { kind: "timeout" } });
  const stop = AbortSignal.abort();
  const reply = await chatTeacher(endpoint()).ask(request(), { signal: stop });
  expect(reply).toMatchObject({ ok: false, failure: { kind: "stopped" } });
  expect(() => chatTeacher(endpoint(), { timeout: 301 })).toThrow(expect.objectContaining({ code: "E_ENDPOINT" }));
});

test("thinking and a refusal in words are kept", async () => {
  const body = {
    choices: [{ message: { role: "assistant", content: "4", reasoning_content: "2+2" }, finish_reason: "stop" }],
  };
  const other = createServer((_, response) => {
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise<void>((ready) => other.listen(0, "127.0.0.1", ready));
  const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}/v1#m`;
  const reply = await chatTeacher(parseEndpoint(url, {})).ask(request());
  expect(reply).toEqual({ ok: true, answer: { text: "4", reasoning: "2+2", finish: "stop" } });
  other.closeAllConnections();
  await new Promise((done) => other.close(done));
});

test("log-probabilities that make no sense are none", () => {
  expect(tokensOf(null)).toBeUndefined();
  expect(tokensOf({ content: [{ token: "a" }] })).toBeUndefined();
  expect(tokensOf({ tokens: ["a", "b"], token_logprobs: [-1] })).toBeUndefined();
  expect(tokensOf({ tokens: ["a", "b"], token_logprobs: [-1, null] })).toBeUndefined();
  expect(tokensOf({ content: [] })).toEqual([]);
  // Half of a character: the text alone would not tell which.
  const half = { token: "\\xc3", logprob: -1, bytes: [0xc3] };
  expect(tokensOf({ content: [half] })).toEqual([{ ...half, top: [] }]);
});

test("the address of a question changes with everything that decides its answer, and with nothing else", () => {
  const base = endpoint();
  const other = parseEndpoint(`${server.url}#other`, {});
  const withKey = parseEndpoint(`${server.url}#fake`, { LYCEUM_API_KEY: "k" });
  const key = requestKey(base, request());
  expect(requestKey(withKey, request())).toBe(key);
  expect(requestKey(base, request({ extra: { b: 1, a: 2 } }))).toBe(
    requestKey(base, request({ extra: { a: 2, b: 1 } })),
  );
  const others = [
    requestKey(other, request()),
    requestKey(base, { ...request(), sample: 1 }),
    requestKey(base, { ...request(), messages: [{ role: "user", content: "Be kind.Hello you" }] }),
    requestKey(base, request(), 100),
    ...[
      { maxTokens: 51 },
      { temperature: 0 },
      { topP: 1 },
      { seed: 0 },
      { stop: ["a"] },
      { logprobs: 0 },
      { extra: { a: 1 } },
    ].map((sampling) => requestKey(base, request(sampling))),
  ];
  expect(new Set([key, ...others]).size).toBe(others.length + 1);
});

test("the bound covers one token per byte", () => {
  expect(boundOf({ ...request(), messages: [{ role: "user", content: "né" }] })).toEqual({ input: 35, output: 50 });
});

test("a given text is scored token by token, and the generated one dropped", async () => {
  fault = "none";
  const { tokens, usage } = await scoreText(endpoint(), "to be or", { top: 2 });
  expect(tokens.map(({ token, logprob }) => [token, logprob])).toEqual([
    ["to", null],
    [" be", -0.5],
    [" or", -1],
  ]);
  expect(tokens[1]!.top[0]).toEqual({ token: " be", logprob: -0.5 });
  expect(usage).toMatchObject({ input: 3, output: 1 });
  expect(server.log.at(-1)!.body).toMatchObject({ prompt: "to be or", echo: true, logprobs: 2 });
});

test("scoring: tries again, and says what an endpoint cannot do", async () => {
  fault = "none";
  const { tokens } = await scoreText(endpoint(), "again", { backoff: 0.001 });
  expect(tokens.length).toBe(1);
  fault = "server";
  const before = server.log.length;
  await expect(scoreText(endpoint(), "x", { retries: 2, backoff: 0.001 })).rejects.toMatchObject({
    code: "E_ENDPOINT_DOWN",
  });
  expect(server.log.length - before).toBe(3);
  fault = "refuse";
  await expect(scoreText(endpoint(), "x")).rejects.toMatchObject({ code: "E_ENDPOINT_REFUSED" });
  fault = "auth";
  await expect(scoreText(endpoint(), "x")).rejects.toMatchObject({ code: "E_ENDPOINT_AUTH" });
  fault = "none";
  await expect(scoreText(endpoint(), " leading")).resolves.toMatchObject({ tokens: [{ token: " leading" }] });
  // The words of the fake drop trailing spaces: the text is not what was asked.
  await expect(scoreText(endpoint(), "trailing ")).rejects.toMatchObject({ code: "E_ENDPOINT_LOGPROBS" });
  await expect(scoreText(endpoint(), "x", { signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: "E_STOPPED",
  });
});
