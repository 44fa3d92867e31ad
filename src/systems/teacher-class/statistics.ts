/**
 * Statistics of embeddings: mean and deviation of each unit, and how much of a chunk's variance a student explains.
 * Sums are in f64.
 */
export interface UnitStatistics {
  /** [d] */
  readonly mean: Float32Array;
  /** [d]; 0 for units that never change. */
  readonly deviation: Float32Array;
}

/** Per column of z `[rows, d]`; the deviation divides by the number of rows. */
export function unitStatistics(z: Float32Array, d: number): UnitStatistics {
  const rows = z.length / d;
  const sums = new Float64Array(d);
  for (let at = 0; at < z.length; at += d) for (let j = 0; j < d; j++) sums[j]! += z[at + j]!;
  const mean = Float32Array.from(sums, (s) => s / rows);
  const squares = new Float64Array(d);
  for (let at = 0; at < z.length; at += d) for (let j = 0; j < d; j++) squares[j]! += (z[at + j]! - mean[j]!) ** 2;
  return { mean, deviation: Float32Array.from(squares, (s) => Math.sqrt(s / rows)) };
}

/** Below this share of the mean deviation a unit counts as dead: dividing by it would teach noise. */
const DEAD = 1e-3;

/** Divisors for standardised targets, [d]: the deviations, 1 for dead units. */
export function scaleOf({ deviation }: UnitStatistics): Float32Array {
  const least = DEAD * (deviation.reduce((a, b) => a + b, 0) / deviation.length);
  return deviation.map((s) => (s > least ? s : 1));
}

/** (z - mean) / scale by column; z `[rows, width]`. */
export function standardised(z: Float32Array, mean: Float32Array, scale: Float32Array): Float32Array {
  const width = mean.length;
  return z.map((value, i) => (value - mean[i % width]!) / scale[i % width]!);
}

/**
 * R² = 1 - Σ‖ẑ - z‖² / Σ‖z - mean z‖² over all rows and columns of a chunk `[rows, width]`. The mean predictor has 0,
 * the oracle 1. A chunk without variance has nothing to explain: 1 when it is met exactly, else 0.
 */
export function rSquared(predicted: Float32Array, z: Float32Array, width: number): number {
  const { mean } = unitStatistics(z, width);
  let [error, total] = [0, 0];
  for (let i = 0; i < z.length; i++) {
    error += (predicted[i]! - z[i]!) ** 2;
    total += (z[i]! - mean[i % width]!) ** 2;
  }
  return total > 0 ? 1 - error / total : error === 0 ? 1 : 0;
}
