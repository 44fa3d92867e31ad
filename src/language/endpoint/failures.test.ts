import { describe, expect, test } from "vitest";
import { parseEndpoint } from "./endpoint.ts";
import { FAILURES, failureOf, retryAfter } from "./failures.ts";
import { usageIn } from "./usage.ts";
import { newWire, type Wire } from "./wire.ts";

const endpoint = parseEndpoint("http://host/v1#m", { LYCEUM_API_KEY: "sk-key" });
const failure = (wire: Partial<Wire>, ended?: "timeout" | "stopped") =>
  failureOf({ ...newWire(), ...wire }, endpoint, new Error("outside"), ended, 0);
const answered = (status: number, body: string, headers = {}) =>
  failure({ status, body, complete: true, headers: new Headers(headers) });

test.each([
  [400, "refused", "item", "no"],
  [401, "not authorised", "job", "no"],
  [402, "no credit", "job", "no"],
  [403, "not authorised", "job", "no"],
  [404, "refused", "item", "no"],
  [408, "gateway", "retry", "perhaps"],
  [409, "server error", "retry", "no"],
  [413, "refused", "item", "no"],
  [422, "refused", "item", "no"],
  [429, "rate limit", "retry", "no"],
  [500, "server error", "retry", "no"],
  [502, "gateway", "retry", "perhaps"],
  [503, "overloaded", "retry", "no"],
  [504, "gateway", "retry", "perhaps"],
  [529, "overloaded", "retry", "no"],
  [200, "bad body", "retry", "perhaps"],
] as const)("status %i: %s, then %s, billed: %s", (status, kind, next, billed) => {
  expect(answered(status, "{}")).toMatchObject({ kind, status, billed });
  expect(FAILURES[kind].next).toBe(next);
});

test("429 without credit is not waited for", () => {
  expect(answered(429, '{"error":{"message":"x","type":"insufficient_quota"}}').kind).toBe("no credit");
  expect(answered(429, '{"error":{"message":"x","code":"rate_limit_exceeded"}}').kind).toBe("rate limit");
});

test.each([
  ['{"error":{"message":"Too long."}}', "400: Too long."],
  ['{"error":"Too long."}', "400: Too long."],
  ['{"detail":[{"msg":"no"}]}', '400: [{"msg":"no"}]'],
  ['{"message":"Key sk-key is wrong"}', "400: Key *** is wrong"],
  ["<html>", '400: "<html>"'],
  ["", "400: it is empty"],
  ["null", '400: "null"'],
])("the server's words in %j", (body, message) => {
  expect(answered(400, body).message).toBe(message);
});

describe("what came over the wire decides what it may have cost", () => {
  const refused = Object.assign(new TypeError("fetch failed"), {
    cause: Object.assign(new Error("connect"), { code: "ECONNREFUSED" }),
  });
  const reset = Object.assign(new TypeError("fetch failed"), {
    cause: Object.assign(new Error("socket"), { code: "ECONNRESET" }),
  });
  test("never sent, broken off, too late, stopped", () => {
    expect(failure({ error: refused })).toMatchObject({ kind: "unreachable", billed: "no" });
    expect(failure({ error: reset })).toMatchObject({ kind: "broken off", billed: "perhaps" });
    expect(failure({ status: 200, body: '{"cho', error: reset })).toMatchObject({
      kind: "broken off",
      billed: "perhaps",
    });
    expect(failure({}, "timeout")).toMatchObject({ kind: "timeout", billed: "perhaps" });
    expect(failure({}, "stopped")).toMatchObject({ kind: "stopped", billed: "perhaps" });
    // It was all there when the time was up.
    expect(failure({ status: 500, complete: true }, "timeout").kind).toBe("server error");
  });
  test("a body that is useless may still say its cost", () => {
    const body = '{"usage": {"prompt_tokens": 7, "completion_tokens": 5, "x": {"y": 1}}, "choices": [{"mess';
    expect(answered(200, body)).toMatchObject({ billed: "known", usage: { input: 7, output: 5 } });
  });
});

test("usage", () => {
  const whole = {
    usage: {
      prompt_tokens: 9,
      completion_tokens: 8,
      prompt_tokens_details: { cached_tokens: 4 },
      completion_tokens_details: { reasoning_tokens: 6 },
    },
  };
  expect(usageIn(JSON.stringify(whole))).toEqual({ input: 9, cached: 4, output: 8, reasoning: 6 });
  for (const none of [
    "",
    "null",
    "[]",
    "{}",
    '{"usage": null}',
    '{"usage": {"prompt_tokens": -1, "completion_tokens": 1}}',
    '{"usage": {"prompt_tokens": "9", "completion_tokens": 1}}',
    // Cut inside of it, and a text that only speaks of it.
    '{"usage": {"prompt_tokens": 9, "completion_tok',
    '{"choices": [{"text": "say \\"usage\\": {\\"prompt_tokens\\": 3, \\"completion_tokens\\": 3} and',
  ]) {
    expect(usageIn(none), none).toBeUndefined();
  }
});

test("Retry-After in seconds, milliseconds and as a date", () => {
  const wait = (headers: Record<string, string>) => retryAfter(new Headers(headers), Date.UTC(2026, 0, 1));
  expect(wait({ "retry-after": "20" })).toBe(20_000);
  expect(wait({ "retry-after": "20", "retry-after-ms": "150" })).toBe(150);
  expect(wait({ "retry-after": "Thu, 01 Jan 2026 00:00:30 GMT" })).toBe(30_000);
  expect(wait({ "retry-after": "Wed, 31 Dec 2025 00:00:00 GMT" })).toBe(0);
  expect(wait({ "retry-after": "soon" })).toBeUndefined();
  expect(wait({})).toBeUndefined();
});
