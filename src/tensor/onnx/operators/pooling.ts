/**
 * Pooling. The engine's kernels have 1 and 2 spatial axes; other cases (volumes, dilated averages, windows that
 * ceil_mode lets hang over the end) reduce one axis after the other, over the strided slices that a window's places see.
 */
import { isFloat } from "../../dtype.ts";
import { constant } from "../../graph.ts";
import * as ops from "../../ops/index.ts";
import type { Tensor } from "../../tensor.ts";
import type { Call, Operator } from "../call.ts";
import { spatialOf, type Window, windowOf } from "./window.ts";

interface PoolAxis {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  /** Padding at the end, with what ceil_mode adds. */
  readonly after: number;
  readonly steps: number;
}

function poolAxes(c: Call, size: readonly number[], w: Window): PoolAxis[] {
  const ceil = c.attrs.int("ceil_mode", 0) === 1;
  return size.map((s, i) => {
    const [kernel, stride, dilation] = [w.kernel[i]!, w.strides[i]!, w.dilation[i]!];
    const [before, end] = w.padding[i]!;
    const span = (kernel - 1) * dilation + 1;
    const room = (s + before + end - span) / stride;
    let steps = (ceil ? Math.ceil(room) : Math.floor(room)) + 1;
    // A window must start inside the input or the padding before it.
    if (ceil && (steps - 1) * stride >= s + before) steps--;
    if (steps < 1) c.invalid(`the window of ${span} is larger than the padded input of ${s + before + end}`);
    const after = Math.max((steps - 1) * stride + span - s - before, 0);
    return { kernel, stride, dilation, before, after, steps };
  });
}

/** Reduces every window of every spatial axis. */
function pooled(x: Tensor, axes: readonly PoolAxis[], fill: number, f: (a: Tensor, b: Tensor) => Tensor): Tensor {
  return axes.reduce((t, a, i) => {
    const axis = i + 2;
    const at = (n: number) => t.shape.map((_, k) => (k === axis ? n : 0));
    const padded = ops.pad(t, at(a.before), at(a.after), fill);
    const places = Array.from({ length: a.kernel }, (_, k) => {
      const first = k * a.dilation;
      return ops.slice(padded, axis, first, first + (a.steps - 1) * a.stride + 1, a.stride);
    });
    return places.reduce(f);
  }, x);
}

const listed = (axes: readonly PoolAxis[]) => ({
  kernel: axes.map((a) => a.kernel),
  strides: axes.map((a) => a.stride),
  dilation: axes.map((a) => a.dilation),
});

function maxPool(c: Call): Tensor {
  const x = c.in(0);
  const size = spatialOf(x);
  const axes = poolAxes(c, size, windowOf(c, size, kernelOf(c)));
  const options = { ...listed(axes), padding: axes.map((a) => [a.before, a.after] as const) };
  if (isFloat(x.dtype) && x.rank <= 4) return ops.maxPool(x, options);
  if (isFloat(x.dtype)) return pooled(x, axes, Number.NEGATIVE_INFINITY, ops.maximum);
  return ops.cast(pooled(ops.cast(x, "i32"), axes, -(2 ** 31), ops.maximum), x.dtype);
}

const kernelOf = (c: Call) => c.attrs.ints("kernel_shape") ?? c.invalid("it has no kernel_shape");

/** Sums of windows over the number of elements in each; padding counts where count_include_pad says so. */
function averagePool(c: Call): Tensor {
  const x = c.in(0);
  const size = spatialOf(x);
  const window = windowOf(c, size, kernelOf(c));
  const axes = poolAxes(c, size, window);
  const padded = c.attrs.int("count_include_pad", 0) === 1;
  const hangsOver = axes.some((a, i) => a.after > window.padding[i]![1]);
  if (x.rank <= 4 && !hangsOver && axes.every((a) => a.dilation === 1)) {
    const { kernel, strides } = listed(axes);
    return ops.avgPool(x, { kernel, strides, padding: window.padding, countPadding: padded });
  }
  // One divisor per axis and position; their product is the count.
  return axes.reduce(
    (t, a, i) => {
      const end = size[i]! + (padded ? window.padding[i]![1] : 0);
      const start = padded ? -a.before : 0;
      const counts = Float32Array.from({ length: a.steps }, (_, step) => {
        const first = step * a.stride - a.before;
        const places = Array.from({ length: a.kernel }, (_, k) => first + k * a.dilation);
        return 1 / places.filter((p) => p >= start && p < end).length;
      });
      if (counts.every((v) => v === counts[0])) return ops.mul(t, counts[0]!);
      const shape = t.shape.map((_, k) => (k === i + 2 ? a.steps : 1));
      return ops.mul(t, ops.cast(constant({ dtype: "f32", shape, data: counts }), t.dtype));
    },
    pooled(x, axes, 0, ops.add),
  );
}

/** (sum of |x|^p over the window)^(1/p). */
function lpPool(c: Call): Tensor {
  const x = c.in(0);
  const size = spatialOf(x);
  const p = c.attrs.int("p", 2);
  const axes = poolAxes(c, size, windowOf(c, size, kernelOf(c)));
  return ops.pow(pooled(ops.pow(ops.abs(x), p), axes, 0, ops.add), 1 / p);
}

const space = (x: Tensor) => x.shape.map((_, i) => i).slice(2);

export const POOLING: Readonly<Record<string, Operator>> = {
  MaxPool: maxPool,
  AveragePool: averagePool,
  LpPool: lpPool,
  GlobalAveragePool: (c) => ops.mean(c.in(0), space(c.in(0)), true),
  GlobalMaxPool: (c) => ops.max(c.in(0), space(c.in(0)), true),
};
