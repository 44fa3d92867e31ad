/**
 * What a teacher says about rows, as the knowledge that losses read: all log-probabilities (a valid set of logits), or
 * the k likeliest tokens and their log-probabilities, for `topKKl`.
 */
import { fail } from "../../errors.ts";
import { TOP_IDS, TOP_LOGS } from "../../teaching/losses/language/index.ts";
import { type HostTensor, host } from "../../tensor/index.ts";
import type { Decoder } from "../decoder/index.ts";
import { scorer, type TextRows } from "../lesson/index.ts";

export type Knowledge = Readonly<Record<string, HostTensor>>;

export interface Telling {
  about(rows: Pick<TextRows, "tokens">): Promise<Knowledge>;
  release(): Promise<void>;
}

export interface TellingOptions {
  /** Only the k likeliest tokens; all where not given. */
  readonly topK?: number;
  readonly rowsAtOnce?: number;
}

/** @throws E_DISTIL when k is no number of tokens */
export function teacherTelling(decoder: Decoder, params: Float32Array, options: TellingOptions = {}): Telling {
  const { topK, rowsAtOnce = 64 } = options;
  const { vocabulary } = decoder.config;
  if (topK !== undefined && !(Number.isInteger(topK) && topK >= 1 && topK <= vocabulary)) {
    fail("E_DISTIL", `The teacher was asked for the ${topK} likeliest tokens.`, `Ask for 1 to ${vocabulary}.`);
  }
  const ask = scorer(decoder, rowsAtOnce);
  return {
    async about(rows) {
      const [n, width] = rows.tokens.shape as [number, number];
      const logs = new Float32Array(n * width * vocabulary);
      for await (const { from, values } of ask.pieces(params, rows)) {
        logs.set(values.data as Float32Array, from * width * vocabulary);
      }
      return topK === undefined
        ? { logits: host(logs, [n, width, vocabulary]) }
        : likeliest(logs, [n, width, vocabulary], topK);
    },
    release: () => ask.release(),
  };
}

/** Best first; of equals the smaller id. */
function likeliest(
  logs: Float32Array,
  [n, width, vocabulary]: readonly [number, number, number],
  k: number,
): Knowledge {
  const ids = new Int32Array(n * width * k);
  const kept = new Float32Array(n * width * k);
  const order = Array.from({ length: vocabulary }, (_, v) => v);
  for (let at = 0; at < n * width; at++) {
    const here = logs.subarray(at * vocabulary, (at + 1) * vocabulary);
    const best = [...order].sort((a, b) => here[b]! - here[a]! || a - b).slice(0, k);
    ids.set(best, at * k);
    for (let i = 0; i < k; i++) kept[at * k + i] = here[best[i]!]!;
  }
  return { [TOP_IDS]: host(ids, [n, width, k]), [TOP_LOGS]: host(kept, [n, width, k]) };
}
