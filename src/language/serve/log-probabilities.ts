/**
 * Log-probabilities in the two forms of the OpenAI protocol. JSON knows no infinity: an impossible token gets -9999, as
 * OpenAI writes it.
 */
import type { TokenScore } from "../generate/contract.ts";
import type { PlacedToken } from "./answer.ts";

/** A token of a scored prompt: nothing stands before the first one. */
export type ToldToken = Omit<PlacedToken, "logProbability"> & { readonly logProbability: number | null };

const finite = (value: number) => Math.max(value, -9999);
const utf8 = new TextEncoder();

/** How a token is spelled: by its text, or as vLLM's "token_id:7". */
export type Spelling = (id: number) => string;
export const byNumber: Spelling = (id) => `token_id:${id}`;

/** The list `choices[].logprobs.content` of chats; `bytes` is null for a part of a character. */
export function chatTokens(tokens: readonly PlacedToken[], text: Spelling, spell: Spelling): object[] {
  const told = ({ token, logProbability }: TokenScore) => ({
    token: spell(token),
    logprob: finite(logProbability),
    bytes: text(token).includes("\ufffd") ? null : [...utf8.encode(text(token))],
  });
  return tokens.map((token) => ({ ...told(token), top_logprobs: token.alternatives.map(told) }));
}

/** The object `choices[].logprobs` of completions. `top_logprobs` holds the token itself besides the likeliest. */
export function completionTokens(tokens: readonly ToldToken[], spell: Spelling, alternatives: number): object {
  const top = ({ token, logProbability, alternatives: others }: ToldToken) =>
    logProbability === null
      ? null
      : Object.fromEntries(
          [{ token, logProbability }, ...others.slice(0, alternatives)].map((one) => [
            spell(one.token),
            finite(one.logProbability),
          ]),
        );
  return {
    tokens: tokens.map(({ token }) => spell(token)),
    token_logprobs: tokens.map(({ logProbability }) => (logProbability === null ? null : finite(logProbability))),
    top_logprobs: alternatives === 0 ? null : tokens.map(top),
    text_offset: tokens.map(({ offset }) => offset),
  };
}
