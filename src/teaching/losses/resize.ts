/**
 * Feature maps at other sizes, as two products with constant matrices: averaged down, or by their nearest neighbours.
 *
 * Averages: output cell i takes the inputs from floor(i·n/m) to ceil((i+1)·n/m), which is PyTorch's adaptive_avg_pool2d.
 * Nearest: output i takes input floor(i·n/m). As matrices they need no kernel that knows uneven windows, and their
 * gradients are products too, which for nearest neighbours is 2 to 8 times faster than a gather and its scatter.
 */
import { fail } from "../../errors.ts";
import { constant, matmul, type Tensor } from "../../tensor/index.ts";

/** `[B, c, h, w] -> [B, c, height, width]`; sizes may only shrink. @throws E_LOSS_SHAPE */
export function poolTo(x: Tensor, height: number, width: number): Tensor {
  const [, , h = 0, w = 0] = x.dims;
  if (x.rank !== 4 || height > h || width > w) {
    fail(
      "E_LOSS_SHAPE",
      `Cannot pool a feature map [${x.dims}] to ${height} x ${width}.`,
      "Pooling only shrinks maps.",
    );
  }
  const rows = height === h ? x : matmul(averaging(h, height, x.dtype), x);
  return width === w ? rows : matmul(rows, averaging(w, width, x.dtype), { transB: true });
}

/**
 * `[B, c, h, w]` to the last of `sizes` by way of the others, each output the input of the same relative place; any
 * sizes. One step: nearest neighbours of nearest neighbours are a selection too.
 */
export function nearestTo(x: Tensor, ...sizes: (readonly [height: number, width: number])[]): Tensor {
  const [, , h = 0, w = 0] = x.dims;
  const rows = selecting([h, ...sizes.map(([height]) => height)], x.dtype);
  const columns = selecting([w, ...sizes.map(([, width]) => width)], x.dtype);
  const tall = rows ? matmul(rows, x) : x;
  return columns ? matmul(tall, columns, { transB: true }) : tall;
}

/** Both maps at the smaller height and width of the two. */
export function poolToCommon(a: Tensor, b: Tensor): [Tensor, Tensor] {
  const height = Math.min(a.dims[2]!, b.dims[2]!);
  const width = Math.min(a.dims[3]!, b.dims[3]!);
  return [poolTo(a, height, width), poolTo(b, height, width)];
}

/** `[to, from]`, rows sum to 1. */
function averaging(from: number, to: number, dtype: Tensor["dtype"]): Tensor {
  return intervals(from, to, dtype, (i) => [Math.floor((i * from) / to), Math.ceil(((i + 1) * from) / to)]);
}

/** `[last size, first size]`, one 1 per row; nothing where every place stays. */
function selecting(sizes: readonly number[], dtype: Tensor["dtype"]): Tensor | undefined {
  if (sizes.every((size) => size === sizes[0])) return undefined;
  const source = (i: number) => sizes.slice(1).reduceRight((at, to, k) => Math.floor((at * sizes[k]!) / to), i);
  return intervals(sizes[0]!, sizes.at(-1)!, dtype, (i) => [source(i), source(i) + 1]);
}

/** `[to, from]`: row i averages the positions from start up to end. */
function intervals(
  from: number,
  to: number,
  dtype: Tensor["dtype"],
  of: (i: number) => readonly [start: number, end: number],
): Tensor {
  const data = dtype === "f64" ? new Float64Array(to * from) : new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const [start, end] = of(i);
    data.fill(1 / (end - start), i * from + start, i * from + end);
  }
  return constant({ dtype: dtype === "f64" ? "f64" : "f32", shape: [to, from], data });
}
