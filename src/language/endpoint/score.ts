/**
 * What a model behind an endpoint thinks of a given text: the log-probability of each of its tokens.
 *
 * Only the older completions interface can say this (`echo` with `logprobs`; vLLM and others have it, most hosted chat
 * models do not), and the AI SDK would wrap the text in a dialogue, so the request is written here by hand.
 */
import { fail } from "../../errors.ts";
import { fold, key } from "../../tensor/random.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { Endpoint } from "./endpoint.ts";
import { allRefused, endpointDown, endpointShut } from "./endpoint-errors.ts";
import { FAILURES, type Failure, failureOf } from "./failures.ts";
import { tokensOf } from "./logprobs.ts";
import { persist } from "./persist.ts";
import type { Token, Usage } from "./request.ts";
import { deadline } from "./timeout.ts";
import { usageIn } from "./usage.ts";
import { newWire, tapped } from "./wire.ts";

export interface ScoredText {
  /** The tokens of the text; the first one's log-probability is null unless the endpoint puts a start token before it. */
  readonly tokens: readonly Token[];
  /** Of the answer that was used. */
  readonly usage?: Usage;
}

export interface ScoreOptions {
  /** Alternatives per token. Default 1. */
  readonly top?: number;
  /** Seconds. Default 120. */
  readonly timeout?: number;
  readonly retries?: number;
  /** Seconds, see persist.ts. */
  readonly backoff?: number;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

/**
 * @throws E_ENDPOINT_LOGPROBS where the endpoint cannot score, E_ENDPOINT_AUTH, E_ENDPOINT_QUOTA, E_ENDPOINT_DOWN,
 * E_ENDPOINT_REFUSED, E_STOPPED after `signal`
 */
export async function scoreText(
  endpoint: Endpoint,
  text: string,
  { top = 1, timeout = 120, retries = 6, backoff = 1, signal, clock = systemClock }: ScoreOptions = {},
): Promise<ScoredText> {
  const patience = { retries, backoff };
  const jitter = fold(key(0), text);
  const ask = () => post(endpoint, text, top, timeout, signal);
  const reply = await persist(ask, patience, jitter, clock, undefined, signal).catch((error: unknown) => {
    if (signal?.aborted) return stopped();
    throw error;
  });
  if (reply.ok) return read(endpoint, text, reply.body);
  const { kind, message, status } = reply.failure;
  if (kind === "stopped") stopped();
  if (status === 404 || status === 405 || status === 501) cannot(endpoint, `it has no completions (${message})`);
  if (status === 400 && /echo|logprobs|max_tokens|completions/i.test(message)) cannot(endpoint, message);
  if (FAILURES[kind].next === "job") throw endpointShut(endpoint, kind, message);
  throw kind === "refused" ? allRefused(endpoint, 1, message) : endpointDown(endpoint, 1, message);
}

type Posted = { readonly ok: true; readonly body: string } | { readonly ok: false; readonly failure: Failure };

async function post(
  endpoint: Endpoint,
  prompt: string,
  logprobs: number,
  timeout: number,
  signal: AbortSignal | undefined,
): Promise<Posted> {
  const wire = newWire();
  const timed = deadline(timeout, signal);
  try {
    const response = await tapped(() => wire)(`${endpoint.url}/completions`, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...endpoint.authorisation() },
      // One token more than the text: several servers refuse to generate none. It is dropped.
      body: JSON.stringify({ model: endpoint.model, prompt, max_tokens: 1, echo: true, logprobs, temperature: 0 }),
      signal: timed.signal,
    });
    // A body that is no JSON is a failure like any other here, and may be better the next time.
    if (response.ok && JSON.parse(wire.body)) return { ok: true, body: wire.body };
    return { ok: false, failure: failureOf(wire, endpoint, undefined, timed.ended(), Date.now()) };
  } catch (error) {
    return { ok: false, failure: failureOf(wire, endpoint, error, timed.ended(), Date.now()) };
  } finally {
    timed.clear();
  }
}

function read(endpoint: Endpoint, text: string, body: string): ScoredText {
  const value = JSON.parse(body) as { choices?: { logprobs?: unknown }[] };
  const all = tokensOf(value.choices?.[0]?.logprobs);
  if (!all) return cannot(endpoint, "its answer holds no log-probabilities");
  const usage = usageIn(body);
  const tokens = all.slice(0, all.length - (usage?.output ?? 1));
  const spelled = tokens.map(({ token }) => token).join("");
  // Parts of characters cannot be spelled as text; then the tokens are taken on trust.
  const partial = tokens.some(({ token }) => token.includes("\uFFFD") || token.startsWith("bytes:"));
  // A start token may stand before the text.
  if (!partial && !spelled.endsWith(text)) return cannot(endpoint, "it does not repeat the text (echo)");
  return { tokens, ...(usage && { usage }) };
}

const stopped = (): never => fail("E_STOPPED", "The scoring of a text was stopped.");

const cannot = ({ name }: Endpoint, why: string): never =>
  fail(
    "E_ENDPOINT_LOGPROBS",
    `${name} cannot score a given text: ${why.replace(/\.$/, "")}.`,
    "Use a server that does (vLLM's completions with echo), or teach from sampled answers.",
  );
