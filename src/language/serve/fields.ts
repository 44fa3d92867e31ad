/**
 * Fields of requests that are not served. What would change the answer is refused, unless its value asks for nothing;
 * what would not is ignored; what nobody knows is refused as well, because a misspelled field is a silent wrong answer.
 */
import { ApiError } from "./failures.ts";

const empty = (value: unknown) => typeof value === "object" && value !== null && Object.keys(value).length === 0;
const oneOf =
  (...neutral: readonly unknown[]) =>
  (value: unknown) =>
    neutral.includes(value);

/** Known fields that are not supported, and the values that ask for nothing. */
const UNSUPPORTED: Readonly<Record<string, (value: unknown) => boolean>> = {
  audio: oneOf(),
  best_of: oneOf(1),
  frequency_penalty: oneOf(0),
  function_call: oneOf("none", "auto"),
  functions: empty,
  logit_bias: empty,
  min_p: oneOf(0),
  modalities: (value) => Array.isArray(value) && value.every((one) => one === "text"),
  prediction: oneOf(),
  presence_penalty: oneOf(0),
  reasoning_effort: oneOf("none"),
  repetition_penalty: oneOf(1),
  response_format: (value) => typeof value === "object" && (value as { type?: unknown }).type === "text",
  suffix: oneOf(""),
  tool_choice: oneOf("none", "auto"),
  tools: empty,
  verbosity: oneOf("medium"),
  web_search_options: oneOf(),
};

/** Fields that say something about the sender or the bill, nothing about the answer. */
const IGNORED = new Set([
  "metadata",
  "parallel_tool_calls",
  "prompt_cache_key",
  "prompt_cache_retention",
  "safety_identifier",
  "service_tier",
  "store",
  "user",
]);

/** @throws ApiError 400 that names the field */
export function checkFields(
  body: Readonly<Record<string, unknown>>,
  supported: Readonly<Record<string, unknown>>,
): void {
  for (const [field, value] of Object.entries(body)) {
    if (value === null || Object.hasOwn(supported, field) || IGNORED.has(field)) continue;
    const neutral = Object.hasOwn(UNSUPPORTED, field) ? UNSUPPORTED[field] : undefined;
    if (neutral?.(value)) continue;
    const [what, code] = neutral
      ? ["is not supported here", "unsupported_parameter"]
      : ["is not known", "unknown_parameter"];
    throw new ApiError(400, `The field "${field}" ${what}. Leave it out.`, { param: field, code });
  }
}
