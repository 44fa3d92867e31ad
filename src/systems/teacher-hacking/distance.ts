/**
 * Distances on fixed responses: KL(first || second) over the whole vocabulary at every token of a response, with the
 * responses drawn from the first. Far less noise than log-ratios of the drawn tokens, and by the chain rule the sum over
 * a response has the Kullback-Leibler divergence of whole responses as its mean.
 */
import type { Decoder } from "../../language/decoder/index.ts";
import { type Scorer, scorer } from "../../language/lesson/index.ts";
import { host } from "../../tensor/index.ts";
import { PROMPT } from "./world.ts";

/** Nats per token of each response: mean over its `length` tokens. p and log q are [n * length, vocabulary]. */
export function distances(
  p: Float64Array,
  logQ: Float32Array | Float64Array,
  { length, vocabulary }: { readonly length: number; readonly vocabulary: number },
): Float64Array {
  const size = length * vocabulary;
  const out = new Float64Array(p.length / size);
  for (let i = 0; i < p.length; i++) {
    if (p[i]! > 0) out[Math.floor(i / size)]! += p[i]! * (Math.log(p[i]!) - logQ[i]!);
  }
  return out.map((sum) => sum / length);
}

/** A compiled model that tells its log-probabilities of responses. */
export interface Answering {
  /** log q of the tokens of the responses of rows [n, 24 + r]: [n * r, vocabulary]. */
  logs(params: Float32Array, rows: Int32Array): Promise<Float32Array>;
  release(): Promise<void>;
}

export function answering(decoder: Decoder, rowsAtOnce = 64): Answering {
  const ask: Scorer = scorer(decoder, rowsAtOnce);
  const { vocabulary, context } = decoder.config;
  const response = context - PROMPT;
  const width = context - 1;
  return {
    async logs(params, rows) {
      const n = rows.length / context;
      const tokens = new Int32Array(n * width);
      for (let i = 0; i < n; i++) tokens.set(rows.subarray(i * context, i * context + width), i * width);
      const out = new Float32Array(n * response * vocabulary);
      for await (const { from, values } of ask.pieces(params, { tokens: host(tokens, [n, width]) })) {
        const said = values.data as Float32Array;
        for (let i = 0; i < values.shape[0]!; i++) {
          // What stands at place 23 foretells the first token of the response.
          const at = (i * width + PROMPT - 1) * vocabulary;
          out.set(said.subarray(at, at + response * vocabulary), (from + i) * response * vocabulary);
        }
      }
      return out;
    },
    release: () => ask.release(),
  };
}
