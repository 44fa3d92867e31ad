/**
 * Resize, Upsample and GridSample. Interpolation is separable and linear in the picture, so each axis is one matrix [out, in] known
 * when tracing (a gather where each row picks one element): any mode, its gradient included, is a product.
 */
import { isFloat } from "../../dtype.ts";
import { constant } from "../../graph.ts";
import * as ops from "../../ops/index.ts";
import { axisOf, fixed } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import type { Call, Operator } from "../call.ts";
import { integers } from "../known.ts";

interface Axis {
  readonly length: number;
  readonly size: number;
  /** Output positions per input position. */
  readonly scale: number;
  /** [start, end] of tf_crop_and_resize in fractions of the axis. */
  readonly region: readonly [number, number];
}

/** Where an output position lies in the input: the specification's coordinate_transformation_mode. */
const COORDINATES: Readonly<Record<string, (x: number, a: Axis) => number>> = {
  half_pixel: (x, { scale }) => (x + 0.5) / scale - 0.5,
  half_pixel_symmetric: (x, { scale, length, size }) => {
    const adjustment = size / (scale * length);
    return (length / 2) * (1 - adjustment) + (x + 0.5) / scale - 0.5;
  },
  pytorch_half_pixel: (x, { scale, size }) => (size > 1 ? (x + 0.5) / scale - 0.5 : 0),
  align_corners: (x, { length, scale }) => (scale * length === 1 ? 0 : (x * (length - 1)) / (scale * length - 1)),
  asymmetric: (x, { scale }) => x / scale,
  tf_crop_and_resize: (x, { length, size, region: [start, end] }) =>
    size > 1
      ? start * (length - 1) + (x * (end - start) * (length - 1)) / (size - 1)
      : 0.5 * (start + end) * (length - 1),
};

const NEAREST: Readonly<Record<string, (x: number) => number>> = {
  round_prefer_floor: (x) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x) => Math.floor(x + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

const triangle = (d: number) => Math.max(0, 1 - Math.abs(d));
/** Keys' cubic convolution kernel with parameter a (Keys 1981). */
const keys = (a: number) => (d: number) => {
  const t = Math.abs(d);
  if (t <= 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  return t < 2 ? ((a * t - 5 * a) * t + 8 * a) * t - 4 * a : 0;
};

interface Kernel {
  readonly weight: (distance: number) => number;
  /** Half its width, in input positions. */
  readonly reach: number;
  readonly antialias: boolean;
  readonly excludeOutside: boolean;
  /** Value beyond the crop of tf_crop_and_resize; undefined elsewhere. */
  readonly outside: number | undefined;
}

/** Rows of weights, and the share of the outside value in each. */
function matrixOf(a: Axis, at: readonly number[], k: Kernel): { matrix: Float32Array; outside: Float32Array } {
  const matrix = new Float32Array(a.size * a.length);
  const outside = new Float32Array(a.size);
  const stretch = k.antialias ? Math.max(1, 1 / a.scale) : 1;
  at.forEach((x, row) => {
    if (k.outside !== undefined && (x < 0 || x > a.length - 1)) {
      outside[row] = k.outside;
      return;
    }
    const first = Math.floor(x - k.reach * stretch) + 1;
    const last = Math.ceil(x + k.reach * stretch) - 1;
    const weights: [number, number][] = [];
    for (let p = first; p <= Math.max(last, first); p++) {
      const w = k.weight((x - p) / stretch);
      const inside = p >= 0 && p < a.length;
      if (inside || !k.excludeOutside) weights.push([Math.min(Math.max(p, 0), a.length - 1), w]);
    }
    const total = k.excludeOutside || k.antialias ? weights.reduce((sum, [, w]) => sum + w, 0) : 1;
    for (const [p, w] of weights) matrix[row * a.length + p]! += w / total;
  });
  return { matrix, outside };
}

function along(x: Tensor, axis: number, a: Axis, at: readonly number[], k: Kernel): Tensor {
  const { matrix, outside } = matrixOf(a, at, k);
  const weights = ops.cast(constant({ dtype: "f32", shape: [a.size, a.length], data: matrix }), x.dtype);
  const order = x.shape.map((_, i) => i).filter((i) => i !== axis);
  const columns = ops.transpose(x, [...order, axis]);
  const product = ops.matmul(columns, weights, { transB: true });
  const filled = outside.some((v) => v !== 0)
    ? ops.add(product, ops.cast(constant({ dtype: "f32", shape: [a.size], data: outside }), x.dtype))
    : product;
  const back = x.shape.map((_, i) => (i === axis ? x.rank - 1 : order.indexOf(i)));
  return ops.transpose(filled, back);
}

/** Sizes and scales of the resized axes; the other axes stay as they are. */
function axesOf(c: Call, x: Tensor): { axis: number; a: Axis }[] {
  const axes = (c.attrs.ints("axes") ?? x.shape.map((_, i) => i)).map((a) => axisOf(a, x.rank));
  const old = c.opset < 11;
  const scales = c.attrs.floats("scales") ?? c.numbers(old ? 1 : 2);
  const sizes = old || !c.has(3) ? undefined : c.dims(3);
  const roi = c.opset >= 11 ? c.numbers(1) : undefined;
  const policy = c.attrs.string("keep_aspect_ratio_policy", "stretch");
  const cropped = c.attrs.string("coordinate_transformation_mode", "half_pixel") === "tf_crop_and_resize";
  const ratios = sizes?.map((s, i) => (s === x.shape[axes[i]!] ? 1 : Number(s) / fixed([x.shape[axes[i]!]!])[0]!));
  const common = ratios && (policy === "not_larger" ? Math.min(...ratios) : Math.max(...ratios));
  return axes.flatMap((axis, i) => {
    const given = ratios ? ratios[i]! : (scales?.[i] ?? c.unsupported("scales computed from data"));
    if (given === 1 && !cropped && policy === "stretch") return [];
    const length = fixed([x.shape[axis]!])[0]!;
    const region = roi?.length && cropped ? ([roi[i]!, roi[i + axes.length]!] as const) : ([0, 1] as const);
    const scale = ratios && policy !== "stretch" ? common! : given;
    const size = ratios
      ? policy === "stretch"
        ? Number(sizes![i])
        : Math.floor(length * scale + 0.5)
      : Math.floor(length * (cropped ? region[1] - region[0] : 1) * scale);
    return [{ axis, a: { length, size, scale, region } }];
  });
}

/** Whole factors per spatial axis where resizing only repeats elements: there is a kernel for that. */
function repeats(
  x: Tensor,
  axes: readonly { readonly axis: number; readonly a: Axis }[],
  picked: readonly (readonly number[])[],
): number[] | undefined {
  if (!isFloat(x.dtype) || x.rank < 3 || x.rank > 4 || axes.length === 0) return undefined;
  const factors = x.shape.slice(2).map(() => 1);
  const whole = axes.every(({ axis, a }, k) => {
    const factor = a.size / a.length;
    factors[axis - 2] = factor;
    const clamped = picked[k]!.map((p) => Math.min(Math.max(p, 0), a.length - 1));
    return axis >= 2 && Number.isInteger(factor) && clamped.every((p, i) => p === Math.floor(i / factor));
  });
  return whole ? factors : undefined;
}

function resize(c: Call): Tensor {
  const mode = c.attrs.string("mode", "nearest");
  const old = c.opset < 11;
  const transform = old ? "asymmetric" : c.attrs.string("coordinate_transformation_mode", "half_pixel");
  const coordinate = COORDINATES[transform] ?? c.unsupported(`coordinate_transformation_mode "${transform}"`);
  const nearest = old ? "floor" : c.attrs.string("nearest_mode", "round_prefer_floor");
  const extrapolation = c.attrs.float("extrapolation_value", 0);
  const cubic = mode === "cubic";
  const kernel: Kernel = {
    weight: cubic ? keys(c.attrs.float("cubic_coeff_a", -0.75)) : triangle,
    reach: cubic ? 2 : 1,
    antialias: c.attrs.int("antialias", 0) === 1,
    excludeOutside: c.attrs.int("exclude_outside", 0) === 1,
    outside: transform === "tf_crop_and_resize" ? extrapolation : undefined,
  };
  let x = c.in(0);
  const axes = axesOf(c, x);
  const places = axes.map(({ a }) => Array.from({ length: a.size }, (_, i) => coordinate(i, a)));
  if (mode === "nearest" && kernel.outside === undefined) {
    const factors = repeats(
      x,
      axes,
      places.map((at) => at.map(NEAREST[nearest]!)),
    );
    if (factors) return ops.upsample(x, factors);
  }
  for (const [k, { axis, a }] of axes.entries()) {
    const at = places[k]!;
    if (mode === "nearest" && kernel.outside === undefined) {
      const picked = at.map((p) => Math.min(Math.max(NEAREST[nearest]!(p), 0), a.length - 1));
      x = ops.gather(x, integers(picked), axis);
    } else if (mode === "nearest") {
      const whole = at.map((p) => (p < 0 || p > a.length - 1 ? p : NEAREST[nearest]!(p)));
      x = along(x, axis, a, whole, kernel);
    } else x = along(x, axis, a, at, kernel);
  }
  return x;
}

/** Samples at positions that are tensors; bilinear, in pictures. */
function gridSample(c: Call): Tensor {
  const mode = c.attrs.string("mode", "linear");
  const padding = c.attrs.string("padding_mode", "zeros");
  if ((mode !== "linear" && mode !== "bilinear") || c.in(0).rank !== 4) c.unsupported(`mode "${mode}" or a volume`);
  if (padding !== "zeros" && padding !== "border") c.unsupported(`padding_mode "${padding}"`);
  return ops.gridSample(c.in(0), c.in(1), { padding, alignCorners: c.attrs.int("align_corners", 0) === 1 });
}

export const RESIZING: Readonly<Record<string, Operator>> = {
  Resize: resize,
  Upsample: resize,
  GridSample: gridSample,
};
