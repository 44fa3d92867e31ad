/**
 * Linear least squares with a whisper of ridge, by normal equations and Cholesky in f64: a few hundred unknowns, a few
 * thousand rows. The ridge settles directions in which the inputs do not vary (dead units), where any weight will do.
 */
import { fail } from "../../errors.ts";

export interface Linear {
  /** [outputs, inputs] */
  readonly weight: Float32Array;
  /** [outputs] */
  readonly bias: Float32Array;
}

/** Relative to the mean variance of an input; f32 data carry about 1e-7. */
const RIDGE = 1e-8;

/** The W, b that minimise Σ‖W x + b - y‖² over rows of x `[rows, inputs]` and y `[rows, outputs]`. */
export function leastSquares(x: Float32Array, y: Float32Array, inputs: number, outputs: number): Linear {
  const rows = x.length / inputs;
  const [xMean, yMean] = [columnMeans(x, inputs), columnMeans(y, outputs)];
  const gram = new Float64Array(inputs * inputs);
  const right = new Float64Array(inputs * outputs);
  const row = new Float64Array(inputs);
  for (let r = 0; r < rows; r++) {
    for (let i = 0; i < inputs; i++) row[i] = x[r * inputs + i]! - xMean[i]!;
    for (let i = 0; i < inputs; i++) {
      const a = row[i]!;
      if (a === 0) continue;
      for (let j = 0; j <= i; j++) gram[i * inputs + j]! += a * row[j]!;
      for (let c = 0; c < outputs; c++) right[i * outputs + c]! += a * (y[r * outputs + c]! - yMean[c]!);
    }
  }
  let trace = 0;
  for (let i = 0; i < inputs; i++) trace += gram[i * inputs + i]!;
  const ridge = (RIDGE * trace) / inputs || 1;
  for (let i = 0; i < inputs; i++) gram[i * inputs + i]! += ridge;
  choleskySolve(gram, right, inputs, outputs);
  const weight = new Float32Array(outputs * inputs);
  const bias = Float32Array.from(yMean);
  for (let c = 0; c < outputs; c++) {
    let shift = 0;
    for (let i = 0; i < inputs; i++) {
      weight[c * inputs + i] = right[i * outputs + c]!;
      shift += right[i * outputs + c]! * xMean[i]!;
    }
    bias[c] = yMean[c]! - shift;
  }
  return { weight, bias };
}

function columnMeans(values: Float32Array, columns: number): Float64Array {
  const sums = new Float64Array(columns);
  for (let i = 0; i < values.length; i++) sums[i % columns]! += values[i]!;
  return sums.map((s) => (s * columns) / values.length);
}

/** Solves A·X = B in place; A `[n, n]` positive definite (its lower half is read and replaced), B `[n, m]`. */
function choleskySolve(a: Float64Array, b: Float64Array, n: number, m: number): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= a[i * n + k]! * a[j * n + k]!;
      if (i === j && !(sum > 0))
        fail("E_NUMERIC", "The normal equations of a least-squares fit are not positive definite.");
      a[i * n + j] = i === j ? Math.sqrt(sum) : sum / a[j * n + j]!;
    }
  }
  for (let c = 0; c < m; c++) {
    for (let i = 0; i < n; i++) {
      let sum = b[i * m + c]!;
      for (let k = 0; k < i; k++) sum -= a[i * n + k]! * b[k * m + c]!;
      b[i * m + c] = sum / a[i * n + i]!;
    }
    for (let i = n - 1; i >= 0; i--) {
      let sum = b[i * m + c]!;
      for (let k = i + 1; k < n; k++) sum -= a[k * n + i]! * b[k * m + c]!;
      b[i * m + c] = sum / a[i * n + i]!;
    }
  }
}
