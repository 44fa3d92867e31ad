/**
 * Normalisations over the last axes: layer norm and RMS norm as one primitive on ONNX Runtime's fused kernel, and
 * the group and instance norms that are layer norms of reshaped rows.
 *
 * The kernel also yields the row statistics. They are operations of their own that emit the same ONNX node, which the
 * emitter shares: forward and backward pass read one kernel's three outputs.
 */
import { fail } from "../../errors.ts";
import { apply, type Emitter, type Node, type Op } from "../graph.ts";
import { count, fixed, sameShape, show } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { channelAffine } from "./channels.ts";
import { add, fill, maximum, mul, reciprocal, sqrt, sub } from "./elementwise.ts";
import { matmul } from "./matmul.ts";
import { mean, sum } from "./reduce.ts";
import { reshape } from "./shaping.ts";

export interface NormOptions {
  /** Added to the variance; default 1e-5. */
  readonly eps?: number;
}

interface Rows {
  /** First of the normalised axes; they reach to the last. */
  readonly axis: number;
  readonly eps: number;
  /** Subtract the mean (layer norm) or not (RMS norm). */
  readonly centred: boolean;
}
type Inputs = [x: Tensor, scale?: Tensor, bias?: Tensor];
const rowsOf = (n: Node) => n.attrs as unknown as Rows;
const inputsOf = (n: Node) => n.inputs as unknown as Inputs;
const axesFrom = (x: Tensor, axis: number) => Array.from({ length: x.rank - axis }, (_, i) => axis + i);

/** Names of y, mean and inverse deviation from one kernel (no mean for RMS norm). */
function kernel(e: Emitter, n: Node, inputs: readonly string[]): { y: string; mean?: string; inverse: string } {
  const [x, scale] = inputsOf(n);
  const { axis, eps, centred } = rowsOf(n);
  const ones = () => e.op("Expand", [e.scalar(1, x.dtype), e.i64(fixed(x.shape.slice(axis)))]);
  const given = [inputs[0]!, scale ? inputs[1]! : ones(), ...inputs.slice(2)];
  const attrs = { axis: axis - x.rank, epsilon: eps, stash_type: 1 };
  if (!centred) {
    const [y, inverse] = e.ops(2, "SimplifiedLayerNormalization", given, attrs);
    return { y: y!, inverse: inverse! };
  }
  const [y, average, inverse] = e.ops(3, "LayerNormalization", given, attrs);
  return { y: y!, mean: average!, inverse: inverse! };
}

/** ONNX Runtime computes the statistics of f64 in f32, and only it knows the RMS kernel. */
const composed = (e: Emitter, n: Node) => n.inputs[0]!.dtype === "f64" || (e.portable && !rowsOf(n).centred);

const centre = (x: Tensor, m: Tensor | undefined) => (m ? sub(x, m) : x);

const MEAN: Op = {
  name: "rowMean",
  vjp: ([g], n) => [mul(g!, fill(1 / rowLength(n), n.inputs[0]!.shape, g!.dtype))],
  lower: (e, n, inputs) =>
    composed(e, n) ? mean(n.inputs[0]!, axesFrom(n.inputs[0]!, rowsOf(n).axis), true) : kernel(e, n, inputs).mean!,
};

const INVERSE: Op = {
  name: "inverseDeviation",
  // d(v + eps)^-1/2 with v the mean square of the centred row.
  vjp: ([g], n) => {
    const r = n.outputs[0]!;
    const factor = mul(g!, mul(mul(r, mul(r, r)), -1 / rowLength(n)));
    return [mul(centre(n.inputs[0]!, meanOf(n)), factor)];
  },
  lower: (e, n, inputs) => {
    if (!composed(e, n)) return kernel(e, n, inputs).inverse;
    const c = centre(n.inputs[0]!, meanOf(n));
    return reciprocal(sqrt(add(mean(mul(c, c), axesFrom(c, rowsOf(n).axis), true), rowsOf(n).eps)));
  },
};

const rowLength = (n: Node) => count(n.inputs[0]!.shape.slice(rowsOf(n).axis));
function statistic(op: Op, n: Node): Tensor {
  const x = n.inputs[0]!;
  const shape = x.shape.map((d, i) => (i < rowsOf(n).axis ? d : 1));
  return apply(op, n.inputs, x.dtype, shape, n.attrs);
}
const meanOf = (n: Node) => (rowsOf(n).centred ? statistic(MEAN, n) : undefined);

const NORM: Op = {
  name: "norm",
  /**
   * dx = (h - mean(h) - x̂·mean(h∘x̂)) / σ with h = g∘scale. The two means are matrix-vector products with the scale,
   * which never write h∘x̂; g∘x̂ is shared with the gradient of the scale.
   */
  vjp: ([g], n) => {
    const [x, scale, bias] = inputsOf(n);
    const { axis, centred } = rowsOf(n);
    const inverse = statistic(INVERSE, n);
    if (scale && !centred) return rmsGradient(g!, n, x, scale, inverse);
    const unit = mul(centre(x, meanOf(n)), inverse);
    const product = mul(g!, unit);
    const average = (t: Tensor) => {
      if (!scale) return mean(t, axesFrom(t, axis), true);
      const columns = rowLength(n);
      const weighted = matmul(reshape(t, [-1, columns]), reshape(scale, [columns, 1]), { alpha: 1 / columns });
      return reshape(weighted, inverse.shape);
    };
    const h = scale ? mul(g!, scale) : g!;
    const level = centred ? sub(h, average(g!)) : h;
    const lead = Array.from({ length: axis }, (_, i) => i);
    const dx = mul(sub(level, mul(unit, average(product))), inverse);
    return [dx, ...(scale ? [sum(product, lead)] : []), ...(bias ? [sum(g!, lead)] : [])].map((t, i) =>
      reshape(t, n.inputs[i]!.shape),
    );
  },
  lower: (e, n, inputs) => {
    if (!composed(e, n)) return kernel(e, n, inputs).y;
    const [x, scale, bias] = inputsOf(n);
    const unit = mul(centre(x, meanOf(n)), statistic(INVERSE, n));
    const scaled = scale ? mul(unit, scale) : unit;
    return bias ? add(scaled, bias) : scaled;
  },
};

/**
 * The same without mean: dx = (g∘scale)/σ - x·mean(g∘scale∘x)/σ³. x̂ is never written: its factor 1/σ goes into numbers
 * per row, and into the row vector whose product with g∘x is the gradient of the scale.
 */
function rmsGradient(g: Tensor, n: Node, x: Tensor, scale: Tensor, inverse: Tensor): Tensor[] {
  const columns = rowLength(n);
  const product = reshape(mul(g, x), [-1, columns]);
  const average = matmul(product, reshape(scale, [columns, 1]), { alpha: 1 / columns });
  const factor = mul(reshape(average, inverse.shape), mul(inverse, mul(inverse, inverse)));
  const dx = sub(mul(mul(g, scale), inverse), mul(x, factor));
  return [dx, reshape(matmul(reshape(inverse, [1, -1]), product), scale.shape)];
}

function normalise(what: string, [x, scale, bias]: Inputs, rows: Rows): Tensor {
  const wanted = x.shape.slice(rows.axis);
  for (const t of [scale, bias]) {
    if (t && (!sameShape(t.shape, wanted) || t.dtype !== x.dtype))
      fail("E_SHAPE", `${what} of ${x} with a scale or bias ${t.dtype}${show(t.shape)}.`, `Expected ${show(wanted)}.`);
  }
  const one = bias && !scale ? fill(1, bias.shape, x.dtype) : scale;
  return apply(NORM, [x, ...(one ? [one] : []), ...(bias ? [bias] : [])], x.dtype, x.shape, { ...rows });
}

/**
 * (x - mean) / sqrt(variance + eps) · scale + bias over the last axes, as many as `scale` (or `bias`) has, one
 * without either (Ba, Kiros & Hinton 2016). Errors: `E_SHAPE`.
 */
export function layerNorm(x: Tensor, scale?: Tensor, bias?: Tensor, { eps = 1e-5 }: NormOptions = {}): Tensor {
  const axis = x.rank - ((scale ?? bias)?.rank ?? 1);
  if (axis < 0 || axis >= x.rank) fail("E_SHAPE", `layerNorm of ${x} over ${x.rank - axis} axes.`);
  return normalise("layerNorm", [x, scale, bias], { axis, eps, centred: true });
}

/** x / sqrt(mean(x²) + eps) · scale over the last axis (Zhang & Sennrich 2019). */
export function rmsNorm(x: Tensor, scale?: Tensor, { eps = 1e-5 }: NormOptions = {}): Tensor {
  if (x.rank === 0) fail("E_SHAPE", "rmsNorm of a single number.");
  return normalise("rmsNorm", [x, scale], { axis: x.rank - 1, eps, centred: false });
}

/**
 * Normalises each of `groups` groups of channels of each example over channels and space, then scales and shifts per
 * channel (Wu & He 2018). x [N, C, ...S], scale and bias [C].
 */
export function groupNorm(x: Tensor, groups: number, scale?: Tensor, bias?: Tensor, options: NormOptions = {}): Tensor {
  const channels = x.rank < 2 ? 0 : fixed([x.shape[1]!])[0]!;
  if (channels === 0 || channels % groups !== 0)
    fail("E_SHAPE", `groupNorm of ${x} in ${groups} groups.`, "Axis 1 must hold a multiple of the groups.");
  const size = (channels / groups) * count(x.shape.slice(2));
  const unit = reshape(layerNorm(reshape(x, [-1, size]), undefined, undefined, options), x.shape);
  return scale || bias
    ? channelAffine(unit, scale ?? fill(1, [channels], x.dtype), bias ?? fill(0, [channels], x.dtype))
    : unit;
}

/** Group norm with one channel per group (Ulyanov, Vedaldi & Lempitsky 2016). */
export function instanceNorm(x: Tensor, scale?: Tensor, bias?: Tensor, options: NormOptions = {}): Tensor {
  if (x.rank < 3) fail("E_SHAPE", `instanceNorm of ${x}.`, "Expected [N, C, ...S].");
  return groupNorm(x, fixed([x.shape[1]!])[0]!, scale, bias, options);
}

/** x / max(|x|₂, eps) along an axis. */
export function l2Normalise(x: Tensor, axis = -1, eps = 1e-12): Tensor {
  // The bound goes under the root: no infinite slope at x = 0.
  const squares = sum(mul(x, x), axis, true);
  return mul(x, reciprocal(sqrt(maximum(squares, eps * eps))));
}
