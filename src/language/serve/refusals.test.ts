/** What the OpenAI Node client is told about requests that are refused. */
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningServer, serve } from "./server.ts";
import { testingEngine, testingModel } from "./testing-engine.ts";

let server: RunningServer;
let client: OpenAI;
beforeAll(async () => {
  server = await serve({ models: [testingModel(testingEngine())], port: 0 });
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "none", maxRetries: 0 });
});
afterAll(() => server.close());

const say = (content: string) => ({ model: "student", messages: [{ role: "user" as const, content }] });

/** An error of the client, which every refused request must give. */
async function refusal(request: Promise<unknown>) {
  const error = await request.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(error instanceof OpenAI.APIError)) throw new Error(`Expected a refusal, got ${error}`);
  return error;
}

describe("what is refused", () => {
  test.each([
    [{ tools: [{ type: "function", function: { name: "f" } }] }, "tools", "unsupported_parameter"],
    [{ response_format: { type: "json_schema", json_schema: {} } }, "response_format", "unsupported_parameter"],
    [{ response_format: { type: "json_object" } }, "response_format", "unsupported_parameter"],
    [{ logit_bias: { 5: 1 } }, "logit_bias", "unsupported_parameter"],
    [{ presence_penalty: 0.5 }, "presence_penalty", "unsupported_parameter"],
    [{ temprature: 0 }, "temprature", "unknown_parameter"],
    [{ constructor: 1 }, "constructor", "unknown_parameter"],
    [{ n: 129 }, "n", null],
    [{ n: 0 }, "n", null],
    [{ temperature: 3 }, "temperature", null],
    [{ temperature: "hot" }, "temperature", null],
    [{ top_p: 1.5 }, "top_p", null],
    [{ max_tokens: 0 }, "max_tokens", null],
    [{ max_tokens: 1.5 }, "max_tokens", null],
    [{ stop: ["a", "b", "c", "d", "e"] }, "stop", null],
    [{ stop: "" }, "stop", null],
    [{ stop: "\ud83d" }, "stop", null],
    [{ logprobs: true, top_logprobs: 21 }, "top_logprobs", null],
    [{ top_logprobs: 2 }, "top_logprobs", null],
    [{ stream_options: { include_usage: true } }, "stream_options", null],
    [{ messages: [] }, "messages", null],
    [{ messages: [{ role: "tool", content: "x" }] }, "messages[0].role", null],
    [{ messages: [{ role: "user", content: [{ type: "image_url" }] }] }, "messages[0].content", null],
    [{ messages: [{ role: "user" }] }, "messages[0].content", null],
    [{ max_tokens: 4096 }, null, "context_length_exceeded"],
    [{ messages: [{ role: "user", content: "a".repeat(5000) }] }, null, "context_length_exceeded"],
  ])("%j", async (more, param, code) => {
    const error = await refusal(client.chat.completions.create({ ...say("a"), ...more } as ReturnType<typeof say>));
    expect([error.status, error.type, error.param, error.code]).toEqual([400, "invalid_request_error", param, code]);
    if (param) expect(error.message).toContain(param);
  });

  test("the message of a context that is too small has the numbers", async () => {
    const error = await refusal(client.chat.completions.create({ ...say("a"), max_tokens: 4093 }));
    expect(error.message).toBe(
      '400 The context of "student" is 4096 tokens, but the prompt has 4 and 4093 for the answer. ' +
        "Shorten the prompt or ask for fewer tokens.",
    );
    await client.chat.completions.create({ ...say("a"), max_tokens: 4092 });
  });

  test.each([
    [{ prompt: "" }, /no tokens/],
    [{ prompt: [] }, /prompt/],
    [{ prompt: [[]] }, /prompt/],
    [{ prompt: [5, 100_000] }, /token 100000 is not in the vocabulary of 261/],
    [{ prompt: [-1] }, /prompt/],
    [{ prompt: "a", best_of: 2 }, /best_of/],
    [{ prompt: "a", suffix: "b" }, /suffix/],
    [{ prompt: "a", max_tokens: -1 }, /max_tokens/],
  ])("completions with %j", async (more, message) => {
    const body = { model: "student", ...more } as Parameters<typeof client.completions.create>[0];
    const error = await refusal(client.completions.create(body));
    expect(error.status).toBe(400);
    expect(error.message).toMatch(message);
  });

  test("values that ask for nothing pass, and so do fields about the sender", async () => {
    const { choices } = await client.chat.completions.create({
      ...say("a"),
      tools: [],
      tool_choice: "none",
      logit_bias: {},
      presence_penalty: 0,
      frequency_penalty: 0,
      response_format: { type: "text" },
      stop: null,
      temperature: null,
      service_tier: "auto",
      store: false,
    });
    expect(choices[0]!.message.content).toBe("a");
  });
});
