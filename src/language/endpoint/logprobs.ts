/** Log-probabilities in the two shapes that OpenAI-compatible endpoints send: of chat answers and of completions. */
import type { Token, TokenChoice } from "./request.ts";

/** Tokens of a choice's `logprobs`; undefined where there are none or they make no sense: nothing is invented. */
export function tokensOf(logprobs: unknown): Token[] | undefined {
  if (typeof logprobs !== "object" || logprobs === null) return undefined;
  const said = logprobs as Record<string, unknown>;
  const tokens = Array.isArray(said.content) ? said.content.map(chatToken) : completionTokens(said);
  return tokens?.every((token) => token !== undefined) ? (tokens as Token[]) : undefined;
}

function chatToken(value: unknown): Token | undefined {
  const chosen = choice(value);
  if (!chosen || chosen.logprob === null) return undefined;
  const listed = (value as Record<string, unknown>).top_logprobs;
  const top = (Array.isArray(listed) ? listed : []).map(choice);
  return top.every((one) => one !== undefined) ? { ...chosen, top: top as TokenChoice[] } : undefined;
}

function choice(value: unknown): TokenChoice | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { token, logprob, bytes } = value as Record<string, unknown>;
  if (typeof token !== "string" || typeof logprob !== "number") return undefined;
  const odd = Array.isArray(bytes) && !Buffer.from(token, "utf8").equals(Buffer.from(bytes as number[]));
  return { token, logprob, ...(odd && { bytes: bytes as number[] }) };
}

/** `{ tokens, token_logprobs, top_logprobs: [{ token: logprob }] }`. */
function completionTokens({ tokens, token_logprobs, top_logprobs }: Record<string, unknown>): Token[] | undefined {
  if (!Array.isArray(tokens) || !Array.isArray(token_logprobs) || tokens.length !== token_logprobs.length) {
    return undefined;
  }
  const tops = Array.isArray(top_logprobs) ? top_logprobs : [];
  const out = tokens.map((token: unknown, i): Token | undefined => {
    const logprob: unknown = token_logprobs[i] ?? null;
    if (typeof token !== "string" || (typeof logprob !== "number" && (logprob !== null || i > 0))) return undefined;
    const top = Object.entries((tops[i] ?? {}) as Record<string, unknown>)
      .filter((entry): entry is [string, number] => typeof entry[1] === "number")
      .map(([text, value]) => ({ token: text, logprob: value }))
      .sort((a, b) => b.logprob - a.logprob);
    return { token, logprob: logprob as number | null, top };
  });
  return out.every((token) => token !== undefined) ? (out as Token[]) : undefined;
}
