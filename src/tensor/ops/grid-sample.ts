/**
 * Bilinear sampling at positions that are themselves tensors. Four gathers of whole rows of channels; the weights
 * carry the derivative by the positions.
 */
import { fail } from "../../errors.ts";
import { constant } from "../graph.ts";
import { fixed, show } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { gather } from "./indexing.ts";

export interface GridSampleOptions {
  /** Outside the image: zeros (default), or the nearest edge element. */
  readonly padding?: "zeros" | "border";
  /** Are -1 and 1 the centres of the outer elements (true), or their outer edges (false, the default)? */
  readonly alignCorners?: boolean;
}

/**
 * Bilinear samples at positions that are themselves tensors (Jaderberg et al. 2015). x [N, C, H, W], grid
 * [N, P, Q, 2] of (column, row) in [-1, 1] -> [N, C, P, Q]; differentiable in both. Errors: `E_SHAPE`.
 */
export function gridSample(x: Tensor, grid: Tensor, options: GridSampleOptions = {}): Tensor {
  const { padding = "zeros", alignCorners = false } = options;
  if (x.rank !== 4 || grid.rank !== 4 || grid.shape[0] !== x.shape[0] || grid.shape[3] !== 2 || grid.dtype !== x.dtype)
    fail("E_SHAPE", `gridSample of ${x} at ${show(grid.shape)}.`, "Expected [N, C, H, W] and [N, P, Q, 2], one dtype.");
  const [n, c, h, w] = fixed(x.shape) as [number, number, number, number];
  const [, p, q] = fixed(grid.shape) as [number, number, number];
  const place = (axis: number, length: number) => {
    const t = grid.slice(3, axis, axis + 1).reshape([n, p * q]);
    const exact = alignCorners
      ? t.add(1).mul((length - 1) / 2)
      : t
          .add(1)
          .mul(length / 2)
          .sub(0.5);
    const at = padding === "border" ? exact.clip(0, length - 1) : exact;
    const low = at.floor().stopGradient();
    return { length, low, high: low.add(1), toHigh: at.sub(low) };
  };
  const [columns, rows] = [place(0, w), place(1, h)];
  const corners = [rows.low, rows.high].flatMap((r, i) =>
    [columns.low, columns.high].map((k, j) => {
      const weight = share(rows.toHigh, i).mul(share(columns.toHigh, j));
      const inside = within(r, h).and(within(k, w)).cast(x.dtype);
      const index = r
        .clip(0, h - 1)
        .mul(w)
        .add(k.clip(0, w - 1))
        .cast("i32");
      return { index, weight: weight.mul(inside) };
    }),
  );
  // Elements as rows of C numbers, one table over all images.
  const table = x.transpose([0, 2, 3, 1]).reshape([n * h * w, c]);
  const offsets = Int32Array.from({ length: n }, (_, i) => i * h * w);
  const offset = constant({ dtype: "i32", shape: [n, 1], data: offsets });
  return corners
    .map(({ index, weight }) => gather(table, index.add(offset)).mul(weight.expandDims(2)))
    .reduce((a, b) => a.add(b))
    .transpose([0, 2, 1])
    .reshape([n, c, p, q]);
}

const share = (toHigh: Tensor, high: number) => (high === 1 ? toHigh : toHigh.neg().add(1));
const within = (at: Tensor, length: number) => at.ge(0).and(at.le(length - 1));
