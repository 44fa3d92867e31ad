/**
 * What is asked and what comes back, as plain data, and the address of a question by its content.
 *
 * Absent stays absent: an endpoint that sends no log-probabilities or no usage leaves these fields undefined, and nobody
 * may read a zero in their place.
 */
import { createHash } from "node:crypto";
import type { Endpoint } from "./endpoint.ts";

export interface Message {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

/** How the teacher shall answer; what is undefined is left to the endpoint. */
export interface Sampling {
  /** Tokens of the answer at most (thinking included, where the endpoint counts it). */
  readonly maxTokens: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly seed?: number;
  readonly stop?: readonly string[];
  /** Log-probabilities of the answer's tokens, with this many alternatives each (0: none but the token itself). */
  readonly logprobs?: number;
  /** Further fields of the request, as the endpoint names them: `{ top_k: 20, reasoning_effort: "low" }`. */
  readonly extra?: Readonly<Record<string, string | number | boolean | null>>;
}

export interface ChatRequest {
  readonly messages: readonly Message[];
  readonly sampling: Sampling;
  /** Numbers the answers to one question, from 0, where several are wanted. */
  readonly sample: number;
}

/** Tokens as the endpoint counted them. */
export interface Usage {
  readonly input: number;
  /** Of `input`: read from the endpoint's cache, usually cheaper. */
  readonly cached: number;
  readonly output: number;
  /** Of `output`: thinking. */
  readonly reasoning: number;
}

/** Natural logarithms. */
export interface TokenChoice {
  readonly token: string;
  /** Null only for the first token of a scored text: nothing stands before it. */
  readonly logprob: number | null;
  /** The token's bytes, where its text alone does not tell them (a part of a character). */
  readonly bytes?: readonly number[];
}
export interface Token extends TokenChoice {
  /** The likeliest tokens at this place, as many as the endpoint sent. */
  readonly top: readonly TokenChoice[];
}

export interface Answer {
  readonly text: string;
  /** What the model thought aloud, where the endpoint shows it. */
  readonly reasoning?: string;
  /** Why it ended: "length" means cut off by `maxTokens`. */
  readonly finish: "stop" | "length" | "content-filter" | "tool-calls" | "error" | "other";
  readonly tokens?: readonly Token[];
  readonly usage?: Usage;
  /** What the endpoint says that answered, and its number for the answer. */
  readonly model?: string;
  readonly id?: string;
}

/** Content address of a question to an endpoint: 64 hexadecimal digits. `more`: what else decides the answer. */
export function requestKey(
  { url, model }: Endpoint,
  { messages, sampling, sample }: ChatRequest,
  more?: number,
): string {
  const { maxTokens, temperature, topP, seed, stop, logprobs, extra } = sampling;
  const sorted = Object.entries(extra ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const turns = messages.map(({ role, content }) => [role, content]);
  const chosen = [maxTokens, temperature, topP, seed, stop, logprobs].map((value) => value ?? null);
  return createHash("sha256")
    .update(JSON.stringify([1, url, model, turns, chosen, sorted, sample, more ?? null]))
    .digest("hex");
}

/**
 * Upper bound of the tokens that a request can use. A token of a byte-level tokeniser has at least one byte; the marks
 * around each message are allowed 16 tokens.
 */
export function boundOf({ messages, sampling }: ChatRequest): { readonly input: number; readonly output: number } {
  const input = messages.reduce((sum, { content }) => sum + Buffer.byteLength(content) + 16, 16);
  return { input, output: sampling.maxTokens };
}
