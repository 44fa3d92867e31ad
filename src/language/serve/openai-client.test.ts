/** The OpenAI Node client against the running server. */
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningServer, serve } from "./server.ts";
import { madeUp, testingEngine, testingModel, tokeniser, until } from "./testing-engine.ts";

const engine = testingEngine();
let server: RunningServer;
let client: OpenAI;
beforeAll(async () => {
  server = await serve({ models: [testingModel(engine), testingModel(testingEngine(), "other/model")], port: 0 });
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "none", maxRetries: 0 });
});
afterAll(() => server.close());

const say = (content: string) => ({ model: "student", messages: [{ role: "user" as const, content }] });
const promptLength = (content: string) => tokeniser.encode(content).length + 3;

/** An error of the client, which every refused request must give. */
async function refusal(request: Promise<unknown>) {
  const error = await request.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(error instanceof OpenAI.APIError)) throw new Error(`Expected a refusal, got ${error}`);
  return error;
}

describe("chat", () => {
  test("a whole answer", async () => {
    const before = Math.floor(Date.now() / 1000);
    const answer = await client.chat.completions.create({ ...say("the café"), user: "u", metadata: {} });
    const read = promptLength("the café");
    const made = tokeniser.encode("the café").length + 1;
    expect(answer).toEqual({
      id: expect.stringMatching(/^chatcmpl-/),
      object: "chat.completion",
      created: expect.any(Number),
      model: "student",
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: "the café", refusal: null },
          logprobs: null,
          finish_reason: "stop",
        },
      ],
      usage: { prompt_tokens: read, completion_tokens: made, total_tokens: read + made },
    });
    expect(answer.created).toBeGreaterThanOrEqual(before);
    expect(answer._request_id).toBe(answer.id);
  });

  test("a stream: role, pieces, reason, usage", async () => {
    const stream = await client.chat.completions.create({
      ...say("the 👩‍🏫"),
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(new Set(chunks.map(({ id, object, model }) => `${id} ${object} ${model}`)).size).toBe(1);
    expect(chunks[0]!.choices[0]!.delta).toEqual({ role: "assistant", content: "" });
    const texts = chunks.slice(1, -2).map(({ choices }) => choices[0]!.delta.content);
    // The last piece is the ending token's, which has no text.
    expect(texts).toEqual(["th", "e", " ", "👩", "\u200d", "🏫", ""]);
    expect(chunks.at(-2)!.choices).toEqual([{ index: 0, delta: {}, logprobs: null, finish_reason: "stop" }]);
    const made = tokeniser.encode("the 👩‍🏫").length + 1;
    const read = promptLength("the 👩‍🏫");
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: read, completion_tokens: made, total_tokens: read + made },
    });
    expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true);
  });

  test("a stream without usage has none", async () => {
    const stream = await client.chat.completions.create({ ...say("a"), stream: true });
    for await (const chunk of stream) expect(chunk).not.toHaveProperty("usage");
  });

  test("the client's own accumulator reads the stream", async () => {
    const runner = client.chat.completions.stream({ ...say("the end"), logprobs: true, top_logprobs: 1 });
    expect(await runner.finalContent()).toBe("the end");
    const { choices } = await runner.finalChatCompletion();
    expect(choices[0]!.logprobs?.content?.map(({ token }) => token).join("")).toBe("the end<|end|>");
  });

  test("stop strings over the borders of tokens, whole and streamed", async () => {
    const request = { ...say("endless thth, "), stop: ["hth, e", "never"] };
    const whole = await client.chat.completions.create(request);
    expect(whole.choices[0]).toMatchObject({ message: { content: "endless t" }, finish_reason: "stop" });
    // endless_ is 8, th th, ', ', e: 13 tokens were computed.
    expect(whole.usage!.completion_tokens).toBe(13);
    const texts: string[] = [];
    for await (const { choices } of await client.chat.completions.create({ ...request, stream: true })) {
      texts.push(choices[0]!.delta.content ?? "");
      if (choices[0]!.finish_reason) expect(choices[0]!.finish_reason).toBe("stop");
    }
    expect(texts.join("")).toBe("endless t");
    expect(engine.running).toBe(0);
  });

  test("an answer that is cut off says so", async () => {
    for (const limit of [{ max_tokens: 3 }, { max_completion_tokens: 3 }]) {
      const { choices, usage } = await client.chat.completions.create({ ...say("abcdef"), ...limit });
      expect(choices[0]).toMatchObject({ message: { content: "abc" }, finish_reason: "length" });
      expect(usage!.completion_tokens).toBe(3);
    }
  });

  test("log-probabilities of tokens and alternatives, with the bytes of characters that are whole", async () => {
    const { choices } = await client.chat.completions.create({ ...say("the €"), logprobs: true, top_logprobs: 2 });
    const content = choices[0]!.logprobs!.content!;
    const ids = [...tokeniser.encode("the €"), tokeniser.special.end!];
    expect(content.map(({ logprob }) => logprob)).toEqual(ids.map(madeUp));
    expect(content[0]).toMatchObject({ token: "th", bytes: [116, 104] });
    expect(content[3]).toMatchObject({ token: "\ufffd", bytes: null });
    const likely = (id: number, logprob: number) => {
      const token = tokeniser.decode([id]);
      const bytes = token === "\ufffd" ? null : [...Buffer.from(token)];
      return { token, logprob, bytes };
    };
    expect(content[0]!.top_logprobs).toEqual([likely(97, -1), likely(98, -2)]);
  });

  test("streamed log-probabilities are those of the whole answer", async () => {
    const request = { ...say("the 👩 end"), logprobs: true, top_logprobs: 1 };
    const whole = await client.chat.completions.create(request);
    const streamed = [];
    for await (const { choices } of await client.chat.completions.create({ ...request, stream: true })) {
      streamed.push(...(choices[0]!.logprobs?.content ?? []));
    }
    expect(streamed).toEqual(whole.choices[0]!.logprobs!.content);
  });

  test("several answers, each with its own key, the prompt counted once", async () => {
    engine.requests.length = 0;
    const { choices, usage } = await client.chat.completions.create({ ...say("ab"), n: 3, seed: 5 });
    expect(choices.map(({ index, message }) => [index, message.content])).toEqual([0, 1, 2].map((i) => [i, "ab"]));
    expect(usage).toMatchObject({ prompt_tokens: promptLength("ab"), completion_tokens: 9 });
    expect(new Set(engine.requests.map(({ key }) => key.join())).size).toBe(3);
    const stream = await client.chat.completions.create({ ...say("ab"), n: 2, stream: true });
    const texts = ["", ""];
    const roles: string[][] = [[], []];
    for await (const { choices } of stream) {
      texts[choices[0]!.index] += choices[0]!.delta.content ?? "";
      if (choices[0]!.delta.role) roles[choices[0]!.index]!.push(choices[0]!.delta.role);
    }
    expect(texts).toEqual(["ab", "ab"]);
    expect(roles).toEqual([["assistant"], ["assistant"]]);
  });

  test("sampling, seed and length reach the engine", async () => {
    engine.requests.length = 0;
    const ask = (more: object) => client.chat.completions.create({ ...say("a"), ...more } as ReturnType<typeof say>);
    await ask({ temperature: 0.5, top_p: 0.9, top_k: 7, seed: 3, max_tokens: 9 });
    await ask({ seed: 3 });
    await ask({ top_p: 0, top_k: -1 });
    await ask({});
    const [first, second, third, fourth] = engine.requests;
    expect(first).toMatchObject({ sampling: { temperature: 0.5, topP: 0.9, topK: 7 }, maxTokens: 9 });
    expect(second!.key).toEqual(first!.key);
    expect(second).toMatchObject({
      sampling: { temperature: 1, topP: 1, topK: 0 },
      maxTokens: 4096 - promptLength("a"),
    });
    expect(third!.sampling).toEqual({ temperature: 1, topP: 1, topK: 1 });
    expect(fourth!.key).not.toEqual(third!.key);
    expect(fourth!.key).not.toEqual(first!.key);
  });

  test("conversations, developers and text parts reach the template", async () => {
    engine.requests.length = 0;
    await client.chat.completions.create({
      model: "student",
      messages: [
        { role: "developer", content: "be" },
        {
          role: "user",
          content: [
            { type: "text", text: "a" },
            { type: "text", text: "b" },
          ],
        },
        { role: "assistant", content: "c" },
        { role: "user", content: "<|end|>" },
      ],
    });
    expect(tokeniser.decode(engine.requests[0]!.prompt)).toBe(
      "<|system|>be<|end|><|user|>ab<|end|><|assistant|>c<|end|><|user|><|end|><|end|><|assistant|>",
    );
  });

  test("an aborted request ends its generation, streamed or not", async () => {
    const controller = new AbortController();
    const whole = client.chat.completions.create(say("endless "), { signal: controller.signal });
    await until(() => engine.running === 1);
    controller.abort();
    await expect(whole).rejects.toBeInstanceOf(OpenAI.APIUserAbortError);
    await until(() => engine.running === 0);

    const stream = await client.chat.completions.create({ ...say("endless "), stream: true });
    let seen = 0;
    for await (const _ of stream) if (++seen === 5) break;
    await until(() => engine.running === 0);
    const { drawn } = engine;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(engine.drawn).toBe(drawn);
  });
});

describe("completions", () => {
  test("of a text, of several, and of tokens", async () => {
    const one = await client.completions.create({ model: "student", prompt: "abc", max_tokens: 2 });
    expect(one).toMatchObject({
      object: "text_completion",
      choices: [{ index: 0, text: "ab", finish_reason: "length", logprobs: null }],
      usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
    });
    const many = await client.completions.create({ model: "student", prompt: ["abc", "de"], n: 2 });
    expect(many.choices.map(({ index, text }) => [index, text])).toEqual(
      ["abc", "abc", "de", "de"].map((text, index) => [index, text]),
    );
    expect(many.usage).toMatchObject({ prompt_tokens: 5, completion_tokens: 4 + 4 + 3 + 3 });
    const ids = [...tokeniser.encode("the")];
    const tokens = await client.completions.create({ model: "student", prompt: ids });
    expect(tokens.choices[0]!.text).toBe("the");
    const lists = await client.completions.create({ model: "student", prompt: [ids, [...tokeniser.encode("x")]] });
    expect(lists.choices.map(({ text }) => text)).toEqual(["the", "x"]);
  });

  test("have 16 tokens by default, as in the protocol", async () => {
    const { usage } = await client.completions.create({ model: "student", prompt: "endless " });
    expect(usage!.completion_tokens).toBe(16);
  });

  test("score their prompt: echo with log-probabilities and no new tokens", async () => {
    engine.scored.length = 0;
    const { choices, usage } = await client.completions.create({
      model: "student",
      prompt: ["the €", "ab"],
      max_tokens: 0,
      echo: true,
      logprobs: 2,
    });
    const ids = [...tokeniser.encode("the €")];
    expect(engine.scored).toEqual([ids, [...tokeniser.encode("ab")]]);
    expect(choices.map(({ text }) => text)).toEqual(["the €", "ab"]);
    const told = choices[0]!.logprobs!;
    expect(told.token_logprobs).toEqual([null, ...ids.slice(1).map((id, i) => madeUp(id, i + 1))]);
    expect(told.text_offset).toEqual([0, 2, 3, 4, 4, 4]);
    expect(told.tokens!.slice(0, 3)).toEqual(["th", "e", " "]);
    expect(told.top_logprobs![0]).toBeNull();
    expect(told.top_logprobs![1]).toEqual({
      e: madeUp(ids[1]!, 1),
      [tokeniser.decode([97])]: -1,
      [tokeniser.decode([98])]: -2,
    });
    expect(usage).toMatchObject({ prompt_tokens: 8, completion_tokens: 0 });
  });

  test("tell prompt and answer in one, whole and streamed, by the numbers of tokens where asked", async () => {
    const request = {
      model: "student",
      prompt: "the",
      echo: true,
      logprobs: 0,
      seed: 1,
      return_tokens_as_token_ids: true,
    };
    const ids = [...tokeniser.encode("the")];
    const whole = await client.completions.create(request);
    expect(whole.choices[0]).toMatchObject({
      text: "thethe",
      logprobs: {
        tokens: [...ids, ...ids, tokeniser.special.end].map((id) => `token_id:${id}`),
        text_offset: [0, 2, 3, 5, 6],
        top_logprobs: null,
      },
    });
    let text = "";
    const tokens: string[] = [];
    const offsets: number[] = [];
    for await (const { choices } of await client.completions.create({ ...request, stream: true })) {
      text += choices[0]!.text;
      tokens.push(...(choices[0]!.logprobs?.tokens ?? []));
      offsets.push(...(choices[0]!.logprobs?.text_offset ?? []));
    }
    expect(text).toBe("thethe");
    expect(tokens).toEqual(whole.choices[0]!.logprobs!.tokens);
    expect(offsets).toEqual(whole.choices[0]!.logprobs!.text_offset);
  });
});

describe("models", () => {
  test("are listed and found, also with a slash in their names", async () => {
    const { data } = await client.models.list();
    expect(data.map(({ id, object, owned_by, created }) => ({ id, object, owned_by, created }))).toEqual(
      ["student", "other/model"].map((id) => ({ id, object: "model", owned_by: "lyceum", created: 1_700_000_000 })),
    );
    expect((await client.models.retrieve("other/model")).id).toBe("other/model");
    const missing = await refusal(client.models.retrieve("none"));
    expect([missing.status, missing.code, missing.param]).toEqual([404, "model_not_found", "model"]);
  });

  test("that are not there are a 404 that names those that are", async () => {
    const error = await refusal(client.chat.completions.create({ ...say("a"), model: "gpt-4o" }));
    expect(error).toBeInstanceOf(OpenAI.NotFoundError);
    expect(error.message).toBe('404 There is no model "gpt-4o" here, only: student, other/model.');
    expect(error.type).toBe("invalid_request_error");
  });
});
