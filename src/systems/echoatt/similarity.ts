/**
 * How alike the attention maps of two layers are: the cosine of their rows, averaged over rows, heads and sequences
 * (section 2.1; the exact form is ours, the paper only says "cosine similarity"). Rows before the 8th are left out, as
 * short rows are alike whatever they say. Beside it, the same without the first token, on which many heads park their
 * attention, and with the heads of one layer matched to those of the other as well as can be.
 *
 * One program computes all pairs of a batch and gives back head × head means; maps never leave it.
 */
import { fail } from "../../errors.ts";
import type { Decoder } from "../../language/decoder/index.ts";
import { concat, constant, type HostTensor, host, program, type Tensor } from "../../tensor/index.ts";
import { bestMatching } from "./assignment.ts";

/** Rows of a map that count begin here. */
export const FIRST_ROW = 8;
const TINY = 1e-24;

/** Cosines between the heads of two layers: maps [B, H, T, S] each -> [B, H, H], means over rows `from`.. . */
export function headCosines(a: Tensor, b: Tensor, from = FIRST_ROW): Tensor {
  return product(unitRows(a, from, false), unitRows(b, from, false));
}

/** [B, H, T, S] -> [B, H, R, S], rows of length 1. Renormalising without the sink would change no cosine. */
function unitRows(map: Tensor, from: number, withoutSink: boolean): Tensor {
  const kept = map.slice(2, from);
  const seen = withoutSink ? kept.slice(3, 1) : kept;
  return seen.div(seen.square().sum(-1, true).add(TINY).sqrt());
}

function product(a: Tensor, b: Tensor): Tensor {
  const [batch, heads, rows, columns] = a.shape as [number, number, number, number];
  const flat = (t: Tensor) => t.reshape([batch, heads, rows * columns]);
  return flat(a).matmul(flat(b), { transB: true, alpha: 1 / rows });
}

export interface LayerSimilarity {
  readonly layers: number;
  /** [L, L], symmetric, 1 on the diagonal: head h with head h. */
  readonly same: readonly (readonly number[])[];
  /** The same without the column of the first token. */
  readonly withoutSink: readonly (readonly number[])[];
  /** Heads matched by the best permutation; never below `same`. */
  readonly matched: readonly (readonly number[])[];
  /** `same` of each sequence: pair (l, l') of sequence s at [s][pairIndex]. */
  readonly bySequence: readonly (readonly number[])[];
}

/** Pairs l < l' in the order of `bySequence`. */
export const pairsOf = (layers: number): [number, number][] =>
  Array.from({ length: layers }, (_, l) => l).flatMap((l) =>
    Array.from({ length: layers - l - 1 }, (_, i): [number, number] => [l, l + 1 + i]),
  );

/**
 * Similarity of all layers of a decoder that shares no maps, over batches of tokens i32 [B, T], T > 8.
 * @throws E_OPTION for shorter sequences
 */
export async function similarityOf(
  { config, model }: Decoder,
  params: Float32Array,
  batches: Iterable<HostTensor>,
): Promise<LayerSimilarity> {
  const { layers, heads } = config;
  const pairs = pairsOf(layers);
  const run = program(
    (tokens: Tensor) => {
      const state = { params: constant(host(params)), buffers: constant(host(new Float32Array(0))) };
      const { taps } = model.apply(state, tokens);
      const maps = Array.from({ length: layers }, (_, i) => taps.get(`blocks.${i}.attention`)!);
      const all = (withoutSink: boolean) => {
        const rows = maps.map((map) => unitRows(map, FIRST_ROW, withoutSink));
        return concat(
          pairs.map(([l, m]) => product(rows[l]!, rows[m]!).expandDims(0)),
          0,
        );
      };
      return { same: all(false), withoutSink: all(true) };
    },
    { name: "similarity of layers" },
  );
  const size = heads * heads;
  const sums = { same: new Float64Array(pairs.length * size), withoutSink: new Float64Array(pairs.length * size) };
  const bySequence: number[][] = [];
  try {
    for (const tokens of batches) {
      const [batch, length] = tokens.shape as [number, number];
      if (length <= FIRST_ROW) {
        fail("E_OPTION", `Layers were compared on sequences of ${length} tokens.`, `Use more than ${FIRST_ROW}.`);
      }
      const found = pairs.length > 0 ? await run(tokens) : undefined;
      for (let b = 0; b < batch; b++) {
        bySequence.push(
          pairs.map((_, p) => {
            const at = (p * batch + b) * size;
            for (const kind of ["same", "withoutSink"] as const) {
              const values = found![kind].data as Float32Array;
              for (let i = 0; i < size; i++) sums[kind][p * size + i]! += values[at + i]!;
            }
            return diagonal(found!.same.data as Float32Array, at, heads);
          }),
        );
      }
    }
  } finally {
    await run.release();
  }
  const mean = (kind: keyof typeof sums) => sums[kind].map((sum) => sum / bySequence.length);
  const [same, withoutSink] = [mean("same"), mean("withoutSink")];
  const matched = (p: number): number => {
    const gain = same.subarray(p * size, (p + 1) * size);
    return bestMatching(gain, heads).reduce((sum, j, i) => sum + gain[i * heads + j]!, 0) / heads;
  };
  return {
    layers,
    same: symmetric(layers, (p) => diagonal(same, p * size, heads)),
    withoutSink: symmetric(layers, (p) => diagonal(withoutSink, p * size, heads)),
    matched: symmetric(layers, matched),
    bySequence,
  };
}

function diagonal(values: ArrayLike<number>, at: number, heads: number): number {
  let sum = 0;
  for (let h = 0; h < heads; h++) sum += values[at + h * heads + h]!;
  return sum / heads;
}

function symmetric(layers: number, of: (pair: number) => number): number[][] {
  const matrix = Array.from({ length: layers }, () => new Array<number>(layers).fill(1));
  pairsOf(layers).forEach(([l, m], p) => {
    matrix[l]![m] = matrix[m]![l] = of(p);
  });
  return matrix;
}
