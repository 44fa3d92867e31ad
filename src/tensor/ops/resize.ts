/**
 * Changing the spatial size. Linear interpolation is a small matrix applied along each axis: a product that ONNX
 * Runtime runs fast and whose derivative is the transposed product.
 */
import { fail } from "../../errors.ts";
import { isFloat } from "../dtype.ts";
import { constant } from "../graph.ts";
import { fromNumbers } from "../host.ts";
import { fixed } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { gather } from "./indexing.ts";
import { matmul } from "./matmul.ts";
import { upsample } from "./upsample.ts";

export interface ResizeOptions {
  /** "nearest" takes element floor(i · S / size); "linear" (default) interpolates. */
  readonly mode?: "nearest" | "linear";
  /** Linear: do the outer elements stay where they are (true), or the outer edges (false, the default)? */
  readonly alignCorners?: boolean;
}

/** Rows of weights over the input positions, one row per output position. */
export type Weights = readonly (readonly (readonly [position: number, weight: number])[])[];

export function needImages(what: string, x: Tensor, size: readonly number[]): void {
  const positive = size.every((s) => Number.isInteger(s) && s > 0);
  if (x.rank < 3 || x.rank > 4 || size.length !== x.rank - 2 || !positive || !isFloat(x.dtype))
    fail(
      "E_SHAPE",
      `${what} of ${x} to [${size}].`,
      "Expected floats [N, C, ...S] and a size >= 1 for each axis of S.",
    );
}

/** x [N, C, ...S] with the weights applied along spatial axis `axis`. */
export function weighted(x: Tensor, weights: Weights, axis: number): Tensor {
  const from = fixed(x.shape)[axis + 2]!;
  const values = new Float64Array(weights.length * from);
  weights.forEach((row, i) => {
    for (const [position, weight] of row) values[i * from + position]! += weight;
  });
  const data = fromNumbers(values, x.dtype);
  const matrix = constant({ dtype: x.dtype, shape: [weights.length, from], data });
  return axis === x.rank - 3 ? matmul(x, matrix, { transB: true }) : matmul(matrix, x);
}

function linearWeights(from: number, to: number, alignCorners: boolean): Weights {
  return Array.from({ length: to }, (_, i) => {
    const exact = alignCorners ? (to === 1 ? 0 : (i * (from - 1)) / (to - 1)) : ((i + 0.5) * from) / to - 0.5;
    const at = Math.min(Math.max(exact, 0), from - 1);
    const low = Math.min(Math.floor(at), from - 1);
    const high = Math.min(low + 1, from - 1);
    return [
      [low, 1 - (at - low)],
      [high, at - low],
    ];
  });
}

/** Resizes the spatial axes. x [N, C, ...S], 1 or 2 axes S -> [N, C, ...size]. Errors: `E_SHAPE`. */
export function resize(x: Tensor, size: readonly number[], options: ResizeOptions = {}): Tensor {
  const { mode = "linear", alignCorners = false } = options;
  needImages("resize", x, size);
  const from = fixed(x.shape.slice(2));
  if (mode === "linear") {
    return size.reduce(
      (t, to, i) => (to === from[i] ? t : weighted(t, linearWeights(from[i]!, to, alignCorners), i)),
      x,
    );
  }
  if (size.every((to, i) => to % from[i]! === 0))
    return upsample(
      x,
      size.map((to, i) => to / from[i]!),
    );
  return size.reduce((t, to, i) => {
    if (to === from[i]) return t;
    const source = Int32Array.from({ length: to }, (_, k) => Math.floor((k * from[i]!) / to));
    return gather(t, constant({ dtype: "i32", shape: [to], data: source }), i + 2);
  }, x);
}
