/**
 * What a model says about given rows: log-probabilities, for a teacher's store and for measures of a student. One
 * compiled program takes the parameters as an input, so a student can be asked after any step; pieces of many rows are
 * run one after the other, because all log-probabilities at once would be large.
 */
import { constant, type HostTensor, host, program, type Tensor } from "../../tensor/index.ts";
import type { Decoder } from "../decoder/index.ts";
import type { TextRows } from "./lesson.ts";

/** Decoders keep no buffers. */
const NONE = constant(host(new Float32Array(0)));

type Named<K extends string, T> = { readonly [name in K]: T };

type Read = Pick<TextRows, "tokens" | "positions" | "segments">;

export interface Scorer {
  /**
   * Log-probabilities f32 [b, T, V] of pieces of the rows in order, with the number of the piece's first row. A piece
   * is overwritten by the one after the next.
   */
  pieces(params: Float32Array, rows: Read): AsyncGenerator<{ readonly from: number; readonly values: HostTensor }>;
  /** Mean of -log p(label) over the labels that count, nats per token, summed in f64; NaN where none counts. */
  crossEntropy(params: Float32Array, rows: Read & Pick<TextRows, "labels">): Promise<number>;
  release(): Promise<void>;
}

/**
 * Pieces of `rowsAtOnce` rows in order (the last one may be shorter): what `read` makes of their log-probabilities
 * [b, T, V], with the number of the piece's first row.
 */
export function reader<K extends string>(
  { model }: Decoder,
  rowsAtOnce: number,
  read: (logs: Tensor) => Named<K, Tensor>,
) {
  const run = program(
    (params: Tensor, rows: { readonly [name: string]: Tensor }) => {
      const { tokens, ...inputs } = rows;
      const state = { params, buffers: NONE };
      const told: Readonly<Record<string, Tensor>> = read(model.apply(state, tokens!, { inputs }).output.logSoftmax());
      return told;
    },
    { reuse: true, name: `score ${model.name}` },
  );
  return {
    async *pieces(params: Float32Array, { tokens, positions, segments }: Read) {
      const given = { tokens, ...(positions && { positions }), ...(segments && { segments }) };
      const total = tokens.shape[0]!;
      for (let from = 0; from < total; from += rowsAtOnce) {
        const cut = ([name, t]: [string, HostTensor]) => [name, rowsOf(t, from, Math.min(total, from + rowsAtOnce))];
        const piece = Object.fromEntries(Object.entries(given).map(cut)) as Record<string, HostTensor>;
        yield { from, values: (await run(host(params), piece)) as Named<K, HostTensor> };
      }
    },
    release: () => run.release(),
  };
}

export function scorer(decoder: Decoder, rowsAtOnce = 32): Scorer {
  const { pieces: read, release } = reader(decoder, rowsAtOnce, (logs) => ({ logs }));
  async function* pieces(params: Float32Array, rows: Read) {
    for await (const { from, values } of read(params, rows)) yield { from, values: values.logs };
  }
  return {
    pieces,
    async crossEntropy(params, rows) {
      const labels = rows.labels.data;
      const length = rows.tokens.shape[1]!;
      let [sum, count] = [0, 0];
      for await (const { from, values } of pieces(params, rows)) {
        const [b, , vocabulary] = values.shape as [number, number, number];
        for (let i = 0; i < b * length; i++) {
          const label = Number(labels[from * length + i]);
          if (label < 0) continue;
          sum -= Number(values.data[i * vocabulary + label]);
          count++;
        }
      }
      return sum / count;
    },
    release,
  };
}

/** Rows [from, to) of a tensor [n, ...], sharing its memory. */
export function rowsOf(t: HostTensor, from: number, to: number): HostTensor {
  const [, ...rest] = t.shape as number[];
  const size = rest.reduce((a, b) => a * b, 1);
  return { dtype: t.dtype, shape: [to - from, ...rest], data: t.data.subarray(from * size, to * size) };
}
