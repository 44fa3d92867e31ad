/**
 * How convolutions are written as ONNX. ONNX Runtime has no f64 convolution: there (gradient checks) and for the
 * weight gradient the input is unfolded into columns and multiplied as a matrix.
 */
import { apply, type Emitter, type Op } from "../graph.ts";
import { count, fixed } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { extent, type Geometry, positions, slidingSize, unreached } from "./conv-geometry.ts";
import { add, mul } from "./elementwise.ts";
import { matmul } from "./matmul.ts";
import { sum } from "./reduce.ts";
import { dilate, flip, pad, reshape, slice, stack, transpose } from "./shaping.ts";

const spatial = (t: Tensor): readonly number[] => fixed(t.shape.slice(2));

function onnxAttrs(g: Geometry, kernel: readonly number[]) {
  return {
    strides: g.strides,
    dilations: g.dilation,
    pads: [...g.padding.map((p) => p[0]), ...g.padding.map((p) => p[1])],
    group: g.groups,
    kernel_shape: kernel,
  };
}

export function lowerConv(
  e: Emitter,
  [x, w, bias]: readonly [Tensor, Tensor, Tensor?],
  g: Geometry,
  inputs: readonly string[],
): string | Tensor {
  if (x.dtype === "f32") return e.op("Conv", inputs, onnxAttrs(g, spatial(w)));
  const [n, o] = [fixed(x.shape)[0]!, fixed(w.shape)[0]!];
  const columns = unfold(x, spatial(w), g);
  const rows = reshape(w, [g.groups, o / g.groups, -1]);
  const out = reshape(matmul(rows, columns), [n, o, ...slidingSize(spatial(x), spatial(w), g, "conv")]);
  return bias ? add(out, reshape(bias, [o, ...spatial(x).map(() => 1)])) : out;
}

export function lowerConvTranspose(
  e: Emitter,
  [y, w]: readonly [Tensor, Tensor],
  g: Geometry,
  size: readonly number[],
  inputs: readonly string[],
): string | Tensor {
  const kernel = spatial(w);
  const channels = fixed([w.shape[1]!])[0]! * g.groups;
  if (y.dtype === "f32") {
    const mirrored = kernel.map((k, i): readonly [number, number] => {
      const reach = extent(k, g.dilation[i]!) - 1;
      return [reach - g.padding[i]![0], reach - g.padding[i]![1]];
    });
    if (g.strides.every((s) => s === 1) && mirrored.flat().every((p) => p >= 0)) {
      return apply(MIRRORED_CONV, [y, turned(w, g.groups)], "f32", [y.shape[0]!, channels, ...size], {
        ...onnxAttrs({ ...g, strides: kernel.map(() => 1), padding: mirrored }, kernel),
      });
    }
    const rest = unreached(size, kernel, g);
    return e.op("ConvTranspose", inputs, { ...onnxAttrs(g, kernel), output_padding: rest });
  }
  const [n, o] = [fixed(y.shape)[0]!, fixed(w.shape)[0]!];
  const rows = reshape(w, [g.groups, o / g.groups, -1]);
  const columns = matmul(rows, reshape(y, [n, g.groups, o / g.groups, -1]), { transA: true });
  const apart = reshape(columns, [n, channels, count(kernel), ...spatial(y)]);
  return fold(apart, kernel, g, size);
}

/** Conv as an ONNX node below a decomposition; derivatives are taken above it. */
const MIRRORED_CONV: Op = { name: "mirroredConv", lower: (e, n, inputs) => e.op("Conv", inputs, n.attrs) };

/** [O, C/g, ...K] -> [C, O/g, ...K] with every kernel turned by 180°. */
function turned(w: Tensor, groups: number): Tensor {
  const [o, c, ...kernel] = fixed(w.shape) as [number, number, ...number[]];
  const apart = reshape(w, [groups, o / groups, c, ...kernel]);
  const swapped = transpose(apart, [0, 2, 1, ...kernel.map((_, i) => i + 3)]);
  return kernel.reduce(
    (t, k, i) => (k === 1 ? t : flip(t, i + 2)),
    reshape(swapped, [groups * c, o / groups, ...kernel]),
  );
}

export function lowerConvWeightGrad([x, y]: readonly [Tensor, Tensor], g: Geometry, kernel: readonly number[]): Tensor {
  const [n, c] = fixed(x.shape) as [number, number];
  const o = fixed(y.shape)[1]!;
  if (g.groups === c && o === c) return depthwiseWeightGrad(x, y, g, kernel);
  const columns = unfold(x, kernel, g);
  const product = matmul(reshape(y, [n, g.groups, o / g.groups, -1]), columns, { transB: true });
  return reshape(sum(product, 0), [o, c / g.groups, ...kernel]);
}

/** One channel per group: products of size 1 would drown in overhead, K element-wise products do not. */
function depthwiseWeightGrad(x: Tensor, y: Tensor, g: Geometry, kernel: readonly number[]): Tensor {
  const axes = [0, ...kernel.map((_, i) => i + 2)];
  const taps = windows(x, kernel, g).map((w) => sum(mul(w, y), axes));
  return reshape(stack(taps, 1), [fixed(x.shape)[1]!, 1, ...kernel]);
}

/** Columns of the matrix form: [N, groups, C/groups · |K|, |out|], channels before kernel positions as in w. */
function unfold(x: Tensor, kernel: readonly number[], g: Geometry): Tensor {
  const [n, c] = fixed(x.shape) as [number, number];
  return reshape(stack(windows(x, kernel, g), 2), [n, g.groups, (c / g.groups) * count(kernel), -1]);
}

/** What each kernel position sees, each [N, C, ...out]. For use in lowerings: it has no derivative of its own. */
export function windows(x: Tensor, kernel: readonly number[], g: Geometry, outside = 0): Tensor[] {
  const out = slidingSize(spatial(x), kernel, g, "window");
  const padded = pad(x, [0, 0, ...g.padding.map((p) => p[0])], [0, 0, ...g.padding.map((p) => p[1])], outside);
  return positions(kernel).map((at) => {
    const starts = at.map((k, i) => k * g.dilation[i]!);
    const ends = starts.map((s, i) => s + (out[i]! - 1) * g.strides[i]! + 1);
    if (out.every((s, i) => s === padded.shape[i + 2])) return padded;
    return apply(WINDOW, [padded], x.dtype, [...x.shape.slice(0, 2), ...out], { starts, ends, steps: g.strides });
  });
}

/** A strided window on all spatial axes in one copy. */
const WINDOW: Op = {
  name: "window",
  lower: (e, n, [x]) => {
    const { starts, ends, steps } = n.attrs as { starts: number[]; ends: number[]; steps: number[] };
    const axes = starts.map((_, i) => i + 2);
    return e.op("Slice", [x!, e.i64(starts), e.i64(ends), e.i64(axes), e.i64(steps)]);
  },
};

/** The transpose of unfolding: [N, C, |K|, ...out] added up to [N, C, ...size]. */
function fold(columns: Tensor, kernel: readonly number[], g: Geometry, size: readonly number[]): Tensor {
  const padded = size.map((s, i) => s + g.padding[i]![0] + g.padding[i]![1]);
  const parts = positions(kernel).map((at, k) => {
    const one = slice(columns, 2, k, k + 1);
    const spread = g.strides.reduce(
      (t, s, i) => dilate(t, i + 2, s),
      reshape(one, [...one.shape.slice(0, 2), ...one.shape.slice(3)]),
    );
    const before = at.map((p, i) => p * g.dilation[i]!);
    const after = before.map((b, i) => padded[i]! - b - fixed(spread.shape)[i + 2]!);
    return pad(spread, [0, 0, ...before], [0, 0, ...after]);
  });
  const total = parts.reduce((a, b) => add(a, b));
  return size.reduce((t, s, i) => slice(t, i + 2, g.padding[i]![0], g.padding[i]![0] + s), total);
}
