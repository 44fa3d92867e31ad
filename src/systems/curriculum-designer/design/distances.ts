/**
 * Distances between the classes of a stream, from features of a frozen extractor: prototypes (class means) compared by
 * cosine or Euclidean distance. Rows are then normalised to sum 1, the zero diagonal included, which makes the matrix
 * asymmetric: D[a][b] says how far b is for somebody standing at a, compared with all the others.
 */
import { fail } from "../../../errors.ts";

/** Square, row-major nested: `matrix[from][to]`. */
export type Matrix = readonly (readonly number[])[];

export const DISTANCES = ["cosine", "euclidean", "otdd"] as const;
export type Distance = (typeof DISTANCES)[number];

/** Mean of some rows of `features [n, d]`, summed in f64. @throws E_DATA_EMPTY without rows */
export function prototype(features: Float32Array, size: number, rows: ArrayLike<number>): Float64Array {
  if (rows.length === 0) fail("E_DATA_EMPTY", "A class without examples has no prototype.", "Choose other classes.");
  const mean = new Float64Array(size);
  for (let i = 0; i < rows.length; i++) {
    for (let j = 0; j < size; j++) mean[j]! += features[rows[i]! * size + j]!;
  }
  return mean.map((sum) => sum / rows.length);
}

/** 1 - cos of the angle; a prototype of zeros is at right angles to everything. */
export function cosineDistance(a: Float64Array, b: Float64Array): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  return aa === 0 || bb === 0 ? 1 : Math.max(0, 1 - ab / Math.sqrt(aa * bb));
}

export function euclideanDistance(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(sum);
}

/** Symmetric, zero on the diagonal. */
export function distanceMatrix<T>(items: readonly T[], distance: (a: T, b: T) => number): Matrix {
  const out = items.map(() => new Array<number>(items.length).fill(0));
  for (let i = 0; i < items.length; i++) {
    for (let j = i + 1; j < items.length; j++) {
      out[i]![j] = out[j]![i] = distance(items[i]!, items[j]!);
    }
  }
  return out;
}

/** Each row divided by its sum; a row of zeros (all classes alike) is spread evenly. */
export function rowNormalised(matrix: Matrix): Matrix {
  return matrix.map((row, i) => {
    const sum = row.reduce((total, value) => total + value, 0);
    if (sum > 0) return row.map((value) => value / sum);
    return row.map((_, j) => (j === i ? 0 : 1 / Math.max(1, row.length - 1)));
  });
}

/** A matrix that scores can be computed from. @throws E_CURRICULUM */
export function checkMatrix(matrix: Matrix): Matrix {
  const k = matrix.length;
  const bad = matrix.findIndex((row) => row.length !== k || row.some((value) => !Number.isFinite(value) || value < 0));
  if (k < 2 || bad >= 0) {
    fail(
      "E_CURRICULUM",
      k < 2
        ? `Distances between ${k} class(es) give no order.`
        : `Row ${bad} of the distances is not ${k} numbers of at least 0.`,
      "Give a square matrix of finite distances between at least two classes.",
    );
  }
  return matrix;
}
