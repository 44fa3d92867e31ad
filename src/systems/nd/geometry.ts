/**
 * Where embeddings lie: how long they are beside the teacher's, how well they point along their class, and which class
 * they are nearest to by angle. Plain arithmetic in f64.
 */

/** Rows of a matrix `[rows, width]` that is stored flat. */
export interface Rows {
  readonly data: Float32Array;
  readonly width: number;
}

export interface Geometry {
  /** R: mean ‖s‖ / mean ‖t‖. */
  readonly normRatio: number;
  /** D: mean cos(s, ê_y). */
  readonly direction: number;
  /** Share of examples whose nearest class mean by angle is that of their class. */
  readonly classMeanAccuracy: number;
  /** ‖s‖ / ‖t‖ and cos(s, ê_y) per example. */
  readonly points: readonly (readonly [ratio: number, cosine: number])[];
}

/** Guards quotients at zero vectors. */
const TINY = 1e-12;

/** `norms`: ‖t‖ per example; `means`: the teacher's class means `[C, width]`, of any length. */
export function geometry(
  { data, width }: Rows,
  norms: ArrayLike<number>,
  means: Float32Array,
  labels: ArrayLike<number>,
): Geometry {
  const classes = means.length / width;
  const lengths = normsOf({ data, width });
  const centres = normsOf({ data: means, width });
  let [hits, cosines] = [0, 0];
  const points = Array.from({ length: labels.length }, (_, i): [number, number] => {
    let best = 0;
    let own = 0;
    let most = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < classes; c++) {
      let dot = 0;
      for (let j = 0; j < width; j++) dot += data[i * width + j]! * means[c * width + j]!;
      const along = dot / Math.max(centres[c]!, TINY);
      if (along > most) [most, best] = [along, c];
      if (c === labels[i]) own = along;
    }
    if (best === labels[i]) hits++;
    const cosine = own / Math.max(lengths[i]!, TINY);
    cosines += cosine;
    return [lengths[i]! / Math.max(norms[i]!, TINY), cosine];
  });
  const count = labels.length;
  return {
    normRatio: meanOf(lengths) / Math.max(meanOf(norms), TINY),
    direction: cosines / count,
    classMeanAccuracy: hits / count,
    points,
  };
}

/** ‖x‖ per row. */
export function normsOf({ data, width }: Rows): Float64Array {
  return Float64Array.from({ length: data.length / width }, (_, i) => {
    let sum = 0;
    for (let j = i * width; j < (i + 1) * width; j++) sum += data[j]! ** 2;
    return Math.sqrt(sum);
  });
}

function meanOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

/** The most probable class per row of logits `[rows, classes]`. */
export function argmaxRows(logits: Float32Array, classes: number): Int32Array {
  return Int32Array.from({ length: logits.length / classes }, (_, i) => {
    let best = 0;
    for (let c = 1; c < classes; c++) if (logits[i * classes + c]! > logits[i * classes + best]!) best = c;
    return best;
  });
}
