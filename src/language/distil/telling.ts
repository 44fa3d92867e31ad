/**
 * What a teacher says about rows, as the knowledge that losses read: all log-probabilities (a valid set of logits), or
 * the k likeliest tokens and their log-probabilities, for `topKKl`.
 */
import { fail } from "../../errors.ts";
import { TOP_IDS, TOP_LOGS } from "../../teaching/losses/language/index.ts";
import { type HostTensor, host, topK as topOf } from "../../tensor/index.ts";
import type { Decoder } from "../decoder/index.ts";
import { reader, scorer, type TextRows } from "../lesson/index.ts";

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
  return topK === undefined ? everything(decoder, params, rowsAtOnce) : likeliest(decoder, params, rowsAtOnce, topK);
}

function everything(decoder: Decoder, params: Float32Array, rowsAtOnce: number): Telling {
  const ask = scorer(decoder, rowsAtOnce);
  return {
    async about(rows) {
      const shape = [...(rows.tokens.shape as [number, number]), decoder.config.vocabulary] as const;
      const logs = new Float32Array(shape[0] * shape[1] * shape[2]);
      for await (const { from, values } of ask.pieces(params, rows)) {
        logs.set(values.data as Float32Array, from * shape[1] * shape[2]);
      }
      return { logits: host(logs, shape) };
    },
    release: ask.release,
  };
}

/** Best first; of equals the smaller id. Chosen inside the program: all of a large vocabulary would be gigabytes. */
function likeliest(decoder: Decoder, params: Float32Array, rowsAtOnce: number, k: number): Telling {
  const ask = reader(decoder, rowsAtOnce, (logs) => topOf(logs, k));
  return {
    async about(rows) {
      const shape = [...(rows.tokens.shape as [number, number]), k] as const;
      const [ids, logs] = [Int32Array, Float32Array].map((Kind) => new Kind(shape[0] * shape[1] * k));
      for await (const { from, values } of ask.pieces(params, rows)) {
        ids!.set(values.indices.data as Int32Array, from * shape[1] * k);
        logs!.set(values.values.data as Float32Array, from * shape[1] * k);
      }
      return { [TOP_IDS]: host(ids!, shape), [TOP_LOGS]: host(logs!, shape) };
    },
    release: ask.release,
  };
}
