/**
 * Own models as models of the AI SDK, without a server between: `generateText({ model: lyceumProvider(models)("mine") })`.
 *
 * Settings that a model of ours cannot follow become warnings, as the SDK expects; parts of a prompt that it cannot read
 * are errors, because an answer to half a question is a wrong one.
 */
import { randomInt, randomUUID } from "node:crypto";
import { customProvider } from "ai";
import { fail } from "../../errors.ts";
import { type Key, key } from "../../tensor/index.ts";
import { type AnswerRequest, answer, type Ending, type PlacedToken } from "../serve/answer.ts";
import { answerLength, chatPrompt, requestKeys, type ServedModel, sampling } from "../serve/model.ts";
import { tokenText } from "../serve/token-text.ts";
import { messagesOf } from "./messages.ts";
import { alternativesOf, type CallOptions, type Content, type Model, type StreamPart, warningsOf } from "./options.ts";

export interface ProviderOptions {
  /** Answers without a seed draw from it; default: a random one. */
  readonly key?: Key;
}

/** Call it with a model's name; also a provider as the AI SDK's registry takes them. */
export type LyceumProvider = ((id: string) => Model) & ReturnType<typeof customProvider>;

/**
 * A provider of the AI SDK for models of this process. Ask for log-probabilities by
 * `providerOptions: { lyceum: { logProbabilities: 5 } }` (0 for the answer's own tokens only); they come as
 * `providerMetadata.lyceum.tokens`.
 * @throws AI_NoSuchModelError when called with an unknown name
 */
export function lyceumProvider(models: readonly ServedModel[], options: ProviderOptions = {}): LyceumProvider {
  const keyOf = requestKeys(options.key ?? key(randomInt(2 ** 48 - 1)));
  const languageModels = Object.fromEntries(models.map((model) => [model.id, languageModel(model, keyOf)]));
  const provider = customProvider({ languageModels });
  return Object.assign((id: string): Model => provider.languageModel(id), provider);
}

function languageModel(model: ServedModel, keyOf: (seed?: number) => Key): Model {
  const request = (options: CallOptions): AnswerRequest => {
    const prompt = chatPrompt(model, messagesOf(options.prompt));
    return {
      prompt: prompt.tokens,
      maxTokens: answerLength(model, prompt, options.maxOutputTokens),
      sampling: sampling(options.temperature, options.topP, options.topK),
      stop: stopsOf(options.stopSequences),
      stopTokens: prompt.stopTokens,
      key: keyOf(options.seed),
      alternatives: Math.min(alternativesOf(options) ?? 0, model.engine.vocabulary),
      signal: options.abortSignal ?? new AbortController().signal,
    };
  };
  const response = () => ({ id: randomUUID(), timestamp: new Date(), modelId: model.id });

  return {
    specificationVersion: "v3",
    provider: "lyceum",
    modelId: model.id,
    supportedUrls: {},
    async doGenerate(options) {
      const asked = request(options);
      const content: Content[] = [];
      const tokens: PlacedToken[] = [];
      const pieces = answer(model, asked);
      let text = "";
      let step = await pieces.next();
      for (; !step.done; step = await pieces.next()) {
        text += step.value.text;
        tokens.push(...step.value.tokens);
      }
      if (step.value.finish === "aborted") throw asked.signal.reason;
      if (text) content.push({ type: "text", text });
      const finish = ended(step.value, asked, told(model, options, tokens));
      return { content, ...finish, warnings: warningsOf(options), response: response() };
    },
    async doStream(options) {
      const asked = request(options);
      return { stream: streamOf(parts(model, asked, options, response())) };
    },
  };
}

async function* parts(
  model: ServedModel,
  asked: AnswerRequest,
  options: CallOptions,
  response: object,
): AsyncGenerator<StreamPart> {
  yield { type: "stream-start", warnings: warningsOf(options) };
  yield { type: "response-metadata", ...response };
  yield { type: "text-start", id: "0" };
  const tokens: PlacedToken[] = [];
  const pieces = answer(model, asked);
  try {
    let step = await pieces.next();
    for (; !step.done; step = await pieces.next()) {
      tokens.push(...step.value.tokens);
      if (step.value.text) yield { type: "text-delta", id: "0", delta: step.value.text };
    }
    if (step.value.finish === "aborted") throw asked.signal.reason;
    yield { type: "text-end", id: "0" };
    yield { type: "finish", ...ended(step.value, asked, told(model, options, tokens)) };
  } catch (error) {
    if (asked.signal.aborted) throw error;
    // A part, not a broken stream: so the SDK tells its user.
    yield { type: "error", error };
  } finally {
    await pieces.return({ finish: "aborted", tokens: 0 });
  }
}

/** A stream that asks for the next part when its reader does. */
function streamOf<Part>(parts: AsyncGenerator<Part>): ReadableStream<Part> {
  return new ReadableStream<Part>({
    async pull(controller) {
      const step = await parts.next();
      if (step.done) controller.close();
      else controller.enqueue(step.value);
    },
    async cancel() {
      await parts.return(undefined);
    },
  });
}

/** Log-probabilities as plain data, where they were asked for. */
function told(model: ServedModel, options: CallOptions, tokens: readonly PlacedToken[]) {
  if (alternativesOf(options) === undefined) return {};
  const text = tokenText(model.tokeniser);
  const one = ({ token, logProbability }: { token: number; logProbability: number }) => ({
    token,
    text: text(token),
    logProbability,
  });
  const all = tokens.map((token) => ({ ...one(token), alternatives: token.alternatives.map(one) }));
  return { providerMetadata: { lyceum: { tokens: all } } };
}

function ended<Told extends object>({ finish, tokens }: Ending, { prompt }: AnswerRequest, metadata: Told) {
  const read = prompt.length;
  return {
    finishReason: { unified: finish === "aborted" ? ("other" as const) : finish, raw: finish },
    usage: {
      inputTokens: { total: read, noCache: read, cacheRead: 0, cacheWrite: 0 },
      outputTokens: { total: tokens, text: tokens, reasoning: 0 },
    },
    ...metadata,
  };
}

/** @throws E_PROVIDER for an empty stop string, which would end every answer before it begins */
function stopsOf(stops: readonly string[] = []): readonly string[] {
  if (stops.includes("")) fail("E_PROVIDER", "One of the stop sequences is empty.", "Leave it out.");
  return stops;
}
