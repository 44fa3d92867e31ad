/** Reads what a body says about its cost, even when it was cut off after saying it. */
import type { Usage } from "./request.ts";

/** The usage in a body of JSON, or in what is left of one; undefined where it says none. */
export function usageIn(body: string): Usage | undefined {
  try {
    return usageOf((JSON.parse(body) as { usage?: unknown } | null)?.usage);
  } catch {
    // The last one: an answer's own text may speak of "usage", but stands before it.
    const at = body.lastIndexOf('"usage"');
    const from = at < 0 ? -1 : body.indexOf("{", at);
    return from < 0 || !/^"usage"\s*:\s*$/.test(body.slice(at, from)) ? undefined : usageOf(objectAt(body, from));
  }
}

/** The object that begins at `from`, if it is whole. Usage holds numbers and objects only, so counting brackets does. */
function objectAt(body: string, from: number): unknown {
  let depth = 0;
  for (let i = from; i < body.length; i++) {
    if (body[i] === "{") depth++;
    if (body[i] === "}" && --depth === 0) {
      try {
        return JSON.parse(body.slice(from, i + 1));
      } catch {
        return undefined;
      }
    }
  }
  return undefined;
}

const count = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;

function usageOf(value: unknown): Usage | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const said = value as Record<string, unknown>;
  const input = count(said.prompt_tokens);
  // Scoring a text generates nothing, and some endpoints then leave the field out.
  const output = count(said.completion_tokens ?? 0);
  if (input === undefined || output === undefined) return undefined;
  const part = (details: unknown, name: string): number =>
    (typeof details === "object" && details !== null && count((details as Record<string, unknown>)[name])) || 0;
  return {
    input,
    cached: Math.min(input, part(said.prompt_tokens_details, "cached_tokens")),
    output,
    reasoning: Math.min(output, part(said.completion_tokens_details, "reasoning_tokens")),
  };
}
