/** What an ONNX language model says about rows: log-probabilities, each document of a row by itself. */
import { type HostTensor, host } from "../../tensor/index.ts";
import { rowsOf, type TextRows } from "../lesson/index.ts";
import type { OnnxLanguageModel } from "./model.ts";

type Read = Pick<TextRows, "tokens" | "segments">;

/** Tokens that are read at once, which bounds the memory of the file's intermediates. */
const AT_ONCE = 4096;

/**
 * Log-probabilities f32 [b, T, V] of pieces of the rows in order, with the number of the piece's first row; padding has
 * zeros. @throws E_RUN
 */
export async function* onnxPieces(
  model: OnnxLanguageModel,
  { tokens, segments }: Read,
  rowsAtOnce: number,
): AsyncGenerator<{ readonly from: number; readonly values: HostTensor }> {
  const total = tokens.shape[0]!;
  for (let from = 0; from < total; from += rowsAtOnce) {
    const to = Math.min(total, from + rowsAtOnce);
    const piece = rowsOf(tokens, from, to);
    yield { from, values: await readRows(model, piece, segments && rowsOf(segments, from, to)) };
  }
}

async function readRows(model: OnnxLanguageModel, tokens: HostTensor, segments?: HostTensor): Promise<HostTensor> {
  const [n, context] = tokens.shape as [number, number];
  const { vocabulary } = model;
  const out = new Float32Array(n * context * vocabulary);
  const pieces = documents(n, context, segments?.data as Int32Array | undefined);
  for (let i = 0; i < pieces.length; ) {
    const longest = pieces[i]!.length;
    const batch = pieces.slice(i, i + Math.max(1, Math.floor(AT_ONCE / longest)));
    i += batch.length;
    const ids = new Int32Array(batch.length * longest);
    for (const [row, { start, length }] of batch.entries()) {
      ids.set((tokens.data as Int32Array).subarray(start, start + length), row * longest);
    }
    const lengths = batch.map(({ length }) => length);
    const { logits } = await model.run({ tokens: ids, n: batch.length, t: longest, lengths });
    for (const [row, { start, length }] of batch.entries()) {
      for (let at = 0; at < length; at++) {
        const place = (row * longest + at) * vocabulary;
        out.set(logSoftmax(logits.subarray(place, place + vocabulary)), (start + at) * vocabulary);
      }
    }
  }
  return host(out, [n, context, vocabulary]);
}

/** Runs of one document within a row, longest first, so that what is read together has like lengths. */
function documents(n: number, context: number, segments: Int32Array | undefined) {
  const found: { readonly start: number; readonly length: number }[] = [];
  for (let row = 0; row < n; row++) {
    const end = (row + 1) * context;
    for (let start = row * context; start < end; ) {
      let stop = segments ? start + 1 : end;
      while (stop < end && segments![stop] === segments![start]) stop++;
      if (!segments || segments[start]! >= 0) found.push({ start, length: stop - start });
      start = stop;
    }
  }
  return found.sort((a, b) => b.length - a.length);
}

/** log softmax of one row, in place. */
export function logSoftmax(logits: Float32Array): Float32Array {
  let most = Number.NEGATIVE_INFINITY;
  for (const value of logits) if (value > most) most = value;
  let sum = 0;
  for (const value of logits) sum += Math.exp(value - most);
  const shift = most + Math.log(sum);
  for (let v = 0; v < logits.length; v++) logits[v]! -= shift;
  return logits;
}
