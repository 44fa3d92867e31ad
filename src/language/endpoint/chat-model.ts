/**
 * One question to an endpoint, once, through the AI SDK.
 *
 * Its own retries are off: whoever asks again must know what the first try cost, obey Retry-After and stop at a budget
 * (see persist.ts and job.ts). A failure is therefore a value here. Log-probabilities and usage are read from the body
 * itself (wire.ts), since the SDK types neither log-probabilities nor absence of usage.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, type LanguageModel } from "ai";
import { fail } from "../../errors.ts";
import type { Endpoint } from "./endpoint.ts";
import { type Failure, failureOf } from "./failures.ts";
import { tokensOf } from "./logprobs.ts";
import type { Answer, ChatRequest } from "./request.ts";
import { deadline } from "./timeout.ts";
import { usageIn } from "./usage.ts";
import { newWire, tapped, type Wire } from "./wire.ts";

export type Reply = { readonly ok: true; readonly answer: Answer } | { readonly ok: false; readonly failure: Failure };

export interface AskOptions {
  readonly signal?: AbortSignal;
  /** Sent as X-Client-Request-Id, so that a bill can be compared request by request. */
  readonly requestId?: string;
}

/** A teacher that answers in text. */
export interface ChatTeacher {
  readonly endpoint: Endpoint;
  /** Asks once. Never throws for what the endpoint or the network does. */
  ask(request: ChatRequest, options?: AskOptions): Promise<Reply>;
}

/** Node's fetch gives up after five minutes without an answer's head; longer would be a promise we cannot keep. */
const LONGEST = 300;

/** @param timeout seconds for one request, its answer included; at most 300. @throws E_ENDPOINT */
export function chatTeacher(endpoint: Endpoint, { timeout = 120 }: { readonly timeout?: number } = {}): ChatTeacher {
  if (!(timeout > 0 && timeout <= LONGEST)) {
    fail("E_ENDPOINT", `The timeout is ${timeout} seconds; it must be above 0 and at most ${LONGEST}.`);
  }
  // One model for all requests, as building one costs more than a request: each finds its wire by where it comes from.
  const wires = new AsyncLocalStorage<Wire>();
  const model = createOpenAICompatible({
    name: "teacher",
    baseURL: endpoint.url,
    headers: endpoint.authorisation(),
    fetch: tapped(() => wires.getStore()!),
    ...(renames(endpoint) && { transformRequestBody: renamed }),
  }).chatModel(endpoint.model);
  return {
    endpoint,
    ask: (request, options = {}) => {
      const wire = newWire();
      return wires.run(wire, () => ask(endpoint, model, wire, timeout, request, options));
    },
  };
}

async function ask(
  endpoint: Endpoint,
  model: LanguageModel,
  wire: Wire,
  timeout: number,
  { messages, sampling, sample }: ChatRequest,
  { signal, requestId }: AskOptions,
): Promise<Reply> {
  const { maxTokens, temperature, topP, seed, stop, logprobs, extra } = sampling;
  const timed = deadline(timeout, signal);
  try {
    const result = await generateText({
      model,
      ...(requestId && { headers: { "X-Client-Request-Id": requestId } }),
      messages: messages.map((message) => ({ ...message })),
      // These are the user's own data: a system message in them is meant.
      allowSystemInMessages: true,
      maxOutputTokens: maxTokens,
      maxRetries: 0,
      abortSignal: timed.signal,
      ...(temperature !== undefined && { temperature }),
      ...(topP !== undefined && { topP }),
      // Several answers to one question with one seed would be one answer several times.
      ...(seed !== undefined && { seed: seed + sample }),
      ...(stop && { stopSequences: [...stop] }),
      providerOptions: {
        teacher: {
          ...(extra as Record<string, string | number>),
          ...(logprobs !== undefined && { logprobs: true, top_logprobs: logprobs }),
        },
      },
    });
    const usage = usageIn(wire.body);
    const body = JSON.parse(wire.body) as Record<string, unknown> & { choices?: { logprobs?: unknown }[] };
    const tokens = logprobs === undefined ? undefined : tokensOf(body.choices?.[0]?.logprobs);
    const answer: Answer = {
      text: result.text,
      ...(result.reasoningText && { reasoning: result.reasoningText }),
      finish: result.finishReason,
      ...(tokens && { tokens }),
      ...(usage && { usage }),
      // The SDK invents a number and repeats our model where the body says none.
      ...(typeof body.model === "string" && { model: body.model }),
      ...(typeof body.id === "string" && { id: body.id }),
    };
    return { ok: true, answer };
  } catch (error) {
    return { ok: false, failure: failureOf(wire, endpoint, error, timed.ended(), Date.now()) };
  } finally {
    timed.clear();
  }
}

/** OpenAI's own newer models refuse the old name of the limit, which every other server knows. */
const renames = ({ url }: Endpoint): boolean => new URL(url).host === "api.openai.com";
function renamed({ max_tokens, ...rest }: Record<string, unknown>): Record<string, unknown> {
  return { ...rest, max_completion_tokens: max_tokens };
}
