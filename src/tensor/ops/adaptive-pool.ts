/**
 * Pooling to a given size: cell i covers floor(i · S / size) to ceil((i + 1) · S / size), so that cells cover the input
 * evenly and may overlap. Both poolings work one axis at a time.
 */
import { fixed } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { avgPool, maxPool } from "./pool.ts";
import { max } from "./reduce.ts";
import { needImages, weighted } from "./resize.ts";
import { concat, slice } from "./shaping.ts";

type Cell = readonly [start: number, end: number];

function cells(length: number, size: number): Cell[] {
  return Array.from({ length: size }, (_, i) => [
    Math.floor((i * length) / size),
    Math.ceil(((i + 1) * length) / size),
  ]);
}

function adaptive(
  what: string,
  x: Tensor,
  size: readonly number[],
  tiled: typeof avgPool,
  along: (t: Tensor, cells: readonly Cell[], axis: number) => Tensor,
): Tensor {
  needImages(what, x, size);
  const from = fixed(x.shape.slice(2));
  if (from.every((s, i) => s % size[i]! === 0)) return tiled(x, { kernel: from.map((s, i) => s / size[i]!) });
  return size.reduce((t, to, axis) => along(t, cells(from[axis]!, to), axis), x);
}

/** Means over cells. x [N, C, ...S] -> [N, C, ...size], 1 or 2 axes S. Errors: `E_SHAPE`. */
export function adaptiveAvgPool(x: Tensor, size: readonly number[]): Tensor {
  return adaptive("adaptiveAvgPool", x, size, avgPool, (t, list, axis) => {
    const rows = list.map(([start, end]) =>
      Array.from({ length: end - start }, (_, k) => [start + k, 1 / (end - start)] as const),
    );
    return weighted(t, rows, axis);
  });
}

/** Largest values of cells. x [N, C, ...S] -> [N, C, ...size], 1 or 2 axes S. Errors: `E_SHAPE`. */
export function adaptiveMaxPool(x: Tensor, size: readonly number[]): Tensor {
  return adaptive("adaptiveMaxPool", x, size, maxPool, (t, list, axis) =>
    concat(
      list.map(([start, end]) => max(slice(t, axis + 2, start, end), axis + 2, true)),
      axis + 2,
    ),
  );
}
