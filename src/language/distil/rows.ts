/**
 * Prompts with responses as rows of a lesson: the prompt is read but does not count, and everything after the first end
 * token is dropped, whatever stands there. The end token itself counts, also where it is the padding token.
 */
import { fail } from "../../errors.ts";
import { host } from "../../tensor/index.ts";
import type { TextRows } from "../lesson/index.ts";
import { IGNORED } from "../text/index.ts";

export interface Answered {
  readonly prompt: ArrayLike<number>;
  /** Perhaps with garbage behind its end. */
  readonly response: ArrayLike<number>;
}

/** Length of a response up to its first end token, which belongs to it. */
function lengthOf(response: ArrayLike<number>, ends: readonly number[]): number {
  for (let i = 0; i < response.length; i++) if (ends.includes(response[i]!)) return i + 1;
  return response.length;
}

/**
 * Rows [n, width]: labels[b, t] is what follows tokens[b, t], -100 unless that is a token of the response.
 * @param width at least the longest prompt with its response, less one
 * @throws E_DISTIL when a prompt is empty or a row does not fit
 */
export function responseRows(
  answered: readonly Answered[],
  { width, endTokens = [] }: { readonly width: number; readonly endTokens?: readonly number[] },
): TextRows {
  const n = answered.length;
  const tokens = new Int32Array(n * width);
  const labels = new Int32Array(n * width).fill(IGNORED);
  answered.forEach(({ prompt, response }, row) => {
    const length = lengthOf(response, endTokens);
    const total = prompt.length + length;
    if (prompt.length === 0 || length === 0) {
      fail("E_DISTIL", `Row ${row} has an empty ${length === 0 ? "response" : "prompt"}.`, "Give at least one token.");
    }
    if (total - 1 > width) {
      fail("E_DISTIL", `Row ${row} has ${total} tokens.`, `Rows of ${width} hold ${width + 1}; shorten the prompt.`);
    }
    const at = (i: number) => (i < prompt.length ? prompt[i]! : response[i - prompt.length]!);
    for (let i = 0; i < total - 1; i++) {
      tokens[row * width + i] = at(i);
      if (i + 1 >= prompt.length) labels[row * width + i] = at(i + 1);
    }
  });
  return { tokens: host(tokens, [n, width]), labels: host(labels, [n, width]) };
}
