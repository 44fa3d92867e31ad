/**
 * A model that answers: its engine, its tokeniser, and how a request becomes a prompt.
 *
 * Prompts are functions of the model, because a template belongs to the weights that were trained with it.
 */
import { fail } from "../../errors.ts";
import { fold, type Key, key } from "../../tensor/random.ts";
import type { Message } from "../endpoint/request.ts";
import type { Sampling, TextEngine } from "../generate/contract.ts";
import type { Tokeniser } from "../tokenisers/index.ts";

export interface Prompt {
  readonly tokens: ArrayLike<number>;
  /** Tokens that end the answer. */
  readonly stopTokens: readonly number[];
}

export interface ServedModel {
  /** What clients ask for. */
  readonly id: string;
  /** Seconds since 1970. */
  readonly created: number;
  readonly engine: TextEngine;
  readonly tokeniser: Tokeniser;
  /** The prompt of a conversation; absent where the model was not taught to converse. */
  readonly chatPrompt?: (messages: readonly Message[]) => Prompt;
  /** The prompt of a text to continue. Default: its tokens, ended by the special token "end" where there is one. */
  readonly textPrompt?: (text: string) => Prompt;
}

/** @throws E_CHAT when the model has no template, and what its template throws */
export function chatPrompt({ id, chatPrompt }: ServedModel, messages: readonly Message[]): Prompt {
  return (
    chatPrompt?.(messages) ??
    fail("E_CHAT", `The model "${id}" was not taught to converse.`, "Ask it to continue a text: /v1/completions.")
  );
}

/** @throws E_TOKEN for characters that the tokeniser does not know */
export function textPrompt(model: ServedModel, text: string): Prompt {
  return model.textPrompt?.(text) ?? { tokens: model.tokeniser.encode(text), stopTokens: endTokens(model) };
}

/** Tokens that end a text without a template. */
export function endTokens({ tokeniser }: ServedModel): number[] {
  const end = tokeniser.special.end;
  return end === undefined ? [] : [end];
}

/**
 * How many tokens an answer may have: what is wanted, else the rest of the context, of which `atMost` is taken.
 * @throws E_CONTEXT when the prompt and the wanted tokens do not fit; E_PROMPT when the prompt is empty
 */
export function answerLength(
  { id, engine }: ServedModel,
  prompt: Prompt,
  wanted: number | undefined,
  atMost = Number.POSITIVE_INFINITY,
): number {
  const length = prompt.tokens.length;
  if (length === 0) fail("E_PROMPT", "The prompt has no tokens.", "Give the model something to continue.");
  const room = engine.context - length;
  if (room < (wanted ?? 1)) {
    const asked = wanted === undefined ? "" : ` and ${wanted} for the answer`;
    fail(
      "E_CONTEXT",
      `The context of "${id}" is ${engine.context} tokens, but the prompt has ${length}${asked}.`,
      "Shorten the prompt or ask for fewer tokens.",
    );
  }
  return wanted ?? Math.min(room, atMost);
}

/** Defaults as in the OpenAI protocol. A nucleus of nothing is the likeliest token. */
export function sampling(temperature = 1, topP = 1, topK = 0): Sampling {
  return topP === 0 ? { temperature, topK: 1, topP: 1 } : { temperature, topK: Math.max(0, topK), topP };
}

/** Keys of requests: of the seed where one is given, else a new one for every request. */
export function requestKeys(root: Key): (seed?: number) => Key {
  let count = 0;
  return (seed) => (seed === undefined ? fold(root, count++) : key(seed));
}
