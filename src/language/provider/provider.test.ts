import { createProviderRegistry, generateText, type LanguageModel, NoSuchModelError, streamText } from "ai";
import { beforeEach, describe, expect, test } from "vitest";
import { key } from "../../tensor/index.ts";
import { madeUp, testingEngine, testingModel, tokeniser, until } from "../serve/testing-engine.ts";
import { lyceumProvider } from "./index.ts";

const engine = testingEngine();
const provider = lyceumProvider([testingModel(engine)], { key: key(1) });
const model = provider("student");
beforeEach(() => {
  engine.requests.length = 0;
});

/** What the SDK would print is looked at by the tests. */
(globalThis as { AI_SDK_LOG_WARNINGS?: boolean }).AI_SDK_LOG_WARNINGS = false;

describe("generateText", () => {
  test("gives text, reason, usage and metadata", async () => {
    const result = await generateText({ model, system: "be", prompt: "the café", temperature: 0, topK: 3, topP: 0.5 });
    expect(result.text).toBe("the café");
    expect(result.finishReason).toBe("stop");
    const length = tokeniser.encode("the café").length;
    expect(result.usage).toMatchObject({ inputTokens: length + 3 + 4, outputTokens: length + 1 });
    expect(result.response.modelId).toBe("student");
    expect(result.providerMetadata).toBeUndefined();
    expect(result.warnings).toEqual([]);
    expect(tokeniser.decode(engine.requests[0]!.prompt)).toBe(
      "<|system|>be<|end|><|user|>the café<|end|><|assistant|>",
    );
    expect(engine.requests[0]!.sampling).toEqual({ temperature: 0, topK: 3, topP: 0.5 });
  });

  test("stops at stop sequences and at the length", async () => {
    const stopped = await generateText({ model, prompt: "endless thth, ", stopSequences: ["hth, e"] });
    expect([stopped.text, stopped.finishReason, stopped.usage.outputTokens]).toEqual(["endless t", "stop", 13]);
    const cut = await generateText({ model, prompt: "abcdef", maxOutputTokens: 3 });
    expect([cut.text, cut.finishReason]).toEqual(["abc", "length"]);
    expect(engine.running).toBe(0);
  });

  test("gives log-probabilities where asked", async () => {
    const providerOptions = { lyceum: { logProbabilities: 1 } };
    const { providerMetadata } = await generateText({ model, prompt: "the", providerOptions });
    const ids = [...tokeniser.encode("the"), tokeniser.special.end!];
    const alternatives = [{ token: 97, text: tokeniser.decode([97]), logProbability: -1 }];
    expect(providerMetadata).toEqual({
      lyceum: {
        tokens: ids.map((token, i) => {
          return { token, text: tokeniser.decode([token]), logProbability: madeUp(token, i), alternatives };
        }),
      },
    });
  });

  test("draws by seed, and anew without one", async () => {
    for (const seed of [4, 4, undefined, undefined]) {
      await generateText({ model, prompt: "a", ...(seed !== undefined && { seed }) });
    }
    const keys = engine.requests.map((request) => request.key.join());
    expect(keys[1]).toBe(keys[0]);
    expect(new Set(keys).size).toBe(3);
  });

  test("warns of settings that have no effect", async () => {
    const { warnings } = await generateText({ model, prompt: "a", presencePenalty: 1, frequencyPenalty: 1 });
    expect(warnings).toEqual(
      ["presencePenalty", "frequencyPenalty"].map((feature) => {
        return { type: "unsupported", feature, details: "Models of Lyceum do not follow this setting." };
      }),
    );
  });

  test("refuses what it cannot read, and what does not fit", async () => {
    const picture = { type: "image" as const, image: new Uint8Array([137, 80, 78, 71]) };
    const refused = (more: object) => generateText({ model, maxRetries: 0, prompt: "a", ...more } as never);
    await expect(refused({ prompt: [{ role: "user", content: [picture] }] })).rejects.toMatchObject({
      code: "E_PROVIDER",
    });
    await expect(refused({ maxOutputTokens: 5000 })).rejects.toMatchObject({ code: "E_CONTEXT" });
    await expect(refused({ stopSequences: [""] })).rejects.toMatchObject({ code: "E_PROVIDER" });
    await expect(refused({ providerOptions: { lyceum: { logprobs: 1 } } })).rejects.toMatchObject({
      code: "E_PROVIDER",
    });
    expect(engine.requests).toEqual([]);
  });

  test("aborts with the reason of its signal", async () => {
    const controller = new AbortController();
    const answer = generateText({ model, prompt: "endless ", abortSignal: controller.signal, maxRetries: 0 });
    await until(() => engine.running === 1);
    controller.abort();
    await expect(answer).rejects.toMatchObject({ name: "AbortError" });
    expect(engine.running).toBe(0);
  });
});

describe("streamText", () => {
  test("gives pieces as they come, whole characters each", async () => {
    const providerOptions = { lyceum: { logProbabilities: 0 } };
    const result = streamText({ model, prompt: "the 👩‍🏫", providerOptions });
    const pieces: string[] = [];
    for await (const piece of result.textStream) pieces.push(piece);
    expect(pieces).toEqual(["th", "e", " ", "👩", "\u200d", "🏫"]);
    expect(await result.finishReason).toBe("stop");
    const length = tokeniser.encode("the 👩‍🏫").length;
    expect((await result.usage).outputTokens).toBe(length + 1);
    const metadata = (await result.providerMetadata) as { lyceum: { tokens: object[] } };
    expect(metadata.lyceum.tokens).toHaveLength(length + 1);
  });

  test("aborts, and frees the engine", async () => {
    const controller = new AbortController();
    const { fullStream } = streamText({ model, prompt: "endless ", abortSignal: controller.signal });
    const seen: string[] = [];
    for await (const { type } of fullStream) {
      seen.push(type);
      if (seen.length === 6) controller.abort();
    }
    expect(seen.at(-1)).toBe("abort");
    await until(() => engine.running === 0);
    expect(engine.drawn).toBeLessThan(1000);
  });

  test("a reader that walks away frees the engine", async () => {
    const { stream } = await (model as Extract<LanguageModel, { doStream: unknown }>).doStream({
      prompt: [{ role: "user", content: [{ type: "text", text: "endless " }] }],
    });
    const reader = stream.getReader();
    for (let i = 0; i < 5; i++) await reader.read();
    expect(engine.running).toBe(1);
    await reader.cancel();
    expect(engine.running).toBe(0);
  });

  test("errors of the engine reach the reader", async () => {
    const broken = { ...testingEngine(), generate: () => broke() };
    const errors: unknown[] = [];
    const result = streamText({
      model: lyceumProvider([testingModel(broken)])("student"),
      prompt: "a",
      maxRetries: 0,
      onError: ({ error }) => void errors.push(error),
    });
    await result.consumeStream();
    expect(String(errors[0])).toBe("Error: the engine broke");
  });
});

test("models are found by name, also through a registry", async () => {
  expect(() => provider("none" as never)).toThrow(NoSuchModelError);
  const registry = createProviderRegistry({ own: provider });
  const { text } = await generateText({ model: registry.languageModel("own:student"), prompt: "a" });
  expect(text).toBe("a");
});

// biome-ignore lint/correctness/useYield: it fails before its first token
async function* broke(): AsyncGenerator<never, "stop"> {
  throw new Error("the engine broke");
}
