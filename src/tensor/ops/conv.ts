/**
 * Convolution and its two adjoints. All three are one trilinear form T(x, w, y) = <conv(x, w), y> with one argument
 * left open, so each one's derivative is given by the other two and every order of differentiation works. How they
 * become ONNX is decided in conv-lowering.ts.
 */
import { fail } from "../../errors.ts";
import { apply, type Node, type Op } from "../graph.ts";
import { fixed, type Shape, show } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { blockedConv, blockedConvTranspose, blockedWeightGrad } from "./blocked.ts";
import { scaledChannels } from "./channels.ts";
import { extent, type Geometry, type Padding, perAxis, resolvePadding, slidingSize } from "./conv-geometry.ts";
import { lowerConv, lowerConvTranspose, lowerConvWeightGrad } from "./conv-lowering.ts";
import { mul } from "./elementwise.ts";
import { sum } from "./reduce.ts";
import { reshape } from "./shaping.ts";

export interface ConvOptions {
  readonly strides?: number | readonly number[];
  /** Zeros around the input; default 0. */
  readonly padding?: Padding;
  readonly dilation?: number | readonly number[];
  /** Channels are cut into this many independent convolutions. */
  readonly groups?: number;
  /** [O], added to every output channel. */
  readonly bias?: Tensor;
}

const geometryOf = (n: Node): Geometry => n.attrs as unknown as Geometry;
const spatial = (t: Tensor): readonly number[] => fixed(t.shape.slice(2));

const CONV: Op = {
  name: "conv",
  vjp: ([g], n) => {
    const [x, w, b] = n.inputs as [Tensor, Tensor, Tensor?];
    const geometry = geometryOf(n);
    const byInput = adjointInput(g!, w, geometry, spatial(x));
    const byWeight = convWeightGrad(x, g!, geometry, spatial(w));
    return b ? [byInput, byWeight, sum(g!, [0, ...spatial(x).map((_, i) => i + 2)])] : [byInput, byWeight];
  },
  lower: (e, n, inputs) => lowerConv(e, n.inputs as [Tensor, Tensor, Tensor?], geometryOf(n), inputs),
  blocked: (e, n) => {
    const [x, w, bias] = n.inputs as [Tensor, Tensor, Tensor?];
    return blockedConv(e.block, x, w, geometryOf(n), bias);
  },
};

const CONV_TRANSPOSE: Op = {
  name: "convTranspose",
  vjp: ([g], n) => {
    const [y, w] = n.inputs as [Tensor, Tensor];
    return [convolve(g!, w, geometryOf(n)), convWeightGrad(g!, y, geometryOf(n), spatial(w))];
  },
  lower: (e, n, inputs) =>
    lowerConvTranspose(e, n.inputs as [Tensor, Tensor], geometryOf(n), spatial(n.outputs[0]!), inputs),
  blocked: (e, n) => blockedConvTranspose(e.block, n.inputs[0]!, n.inputs[1]!, geometryOf(n), spatial(n.outputs[0]!)),
};

const CONV_WEIGHT_GRAD: Op = {
  name: "convWeightGrad",
  vjp: ([g], n) => {
    const [x, y] = n.inputs as [Tensor, Tensor];
    return [adjointInput(y, g!, geometryOf(n), spatial(x)), convolve(x, g!, geometryOf(n))];
  },
  lower: (_e, n) => lowerConvWeightGrad(n.inputs as [Tensor, Tensor], geometryOf(n), spatial(n.outputs[0]!)),
  blocked: (e, n) => {
    const [x, y] = n.inputs as [Tensor, Tensor];
    if (!e.isBlocked(x) && !e.isBlocked(y)) return undefined;
    return blockedWeightGrad(e.block, x, y, geometryOf(n), spatial(n.outputs[0]!) as [number, number]);
  },
};

function attrs(g: Geometry) {
  return { strides: g.strides, dilation: g.dilation, padding: g.padding, groups: g.groups };
}

function convolve(x: Tensor, w: Tensor, g: Geometry, bias?: Tensor): Tensor {
  const shape: Shape = [x.shape[0]!, w.shape[0]!, ...slidingSize(spatial(x), spatial(w), g, "conv")];
  return apply(CONV, bias ? [x, w, bias] : [x, w], x.dtype, shape, attrs(g));
}

/** A factor per output channel is cheaper on the kernel [O, ...] than on images: T is linear in it. */
const perOutput = (scale: Tensor, w: Tensor) => reshape(scale, [-1, ...w.shape.slice(1).map(() => 1)]);

/** The x of T: what an output cotangent y says about an input of the given spatial size. */
function adjointInput(y: Tensor, w: Tensor, g: Geometry, size: readonly number[]): Tensor {
  const scaled = scaledChannels(y);
  if (scaled) return adjointInput(scaled.x, mul(w, perOutput(scaled.scale, w)), g, size);
  const channels = fixed([w.shape[1]!])[0]! * g.groups;
  return apply(CONV_TRANSPOSE, [y, w], y.dtype, [y.shape[0]!, channels, ...size], attrs(g));
}

/** The w of T: correlation of an input with an output cotangent, [O, C/groups, ...kernel]. */
export function convWeightGrad(x: Tensor, y: Tensor, g: Geometry, kernel: readonly number[]): Tensor {
  const scaled = scaledChannels(y);
  if (scaled) {
    const product = convWeightGrad(x, scaled.x, g, kernel);
    return mul(product, perOutput(scaled.scale, product));
  }
  const channels = fixed([x.shape[1]!])[0]! / g.groups;
  return apply(CONV_WEIGHT_GRAD, [x, y], x.dtype, [y.shape[1]!, channels, ...kernel], attrs(g));
}

function check(what: string, x: Tensor, w: Tensor, layout: string, ok: boolean): void {
  const floats = (x.dtype === "f32" || x.dtype === "f64") && w.dtype === x.dtype;
  if (!floats || (x.rank !== 3 && x.rank !== 4) || w.rank !== x.rank || !ok) {
    fail(
      "E_SHAPE",
      `${what} of ${x.dtype}${show(x.shape)} with a kernel ${w.dtype}${show(w.shape)}.`,
      `Expected ${layout} with 1 or 2 spatial axes and one float dtype.`,
    );
  }
}

/**
 * Convolution (cross-correlation, as everywhere in the field). x [N, C, ...S], w [O, C/groups, ...K] ->
 * [N, O, ...floor((S + padding - dilation·(K-1) - 1) / stride) + 1], 1 or 2 spatial axes. Errors: `E_SHAPE`.
 */
export function conv(x: Tensor, w: Tensor, options: ConvOptions = {}): Tensor {
  const { groups = 1, bias, padding = 0 } = options;
  const [c, o] = [x.shape[1], w.shape[0]];
  const fits = Number(c) === Number(w.shape[1]) * groups && Number(o) % groups === 0;
  check("conv", x, w, `x [N, C, ...S] and w [O, C/${groups}, ...K] (groups = ${groups})`, fits);
  if (bias && (bias.rank !== 1 || bias.shape[0] !== o || bias.dtype !== x.dtype))
    fail("E_SHAPE", `conv with a bias ${bias.dtype}${show(bias.shape)}.`, `Expected ${x.dtype}[${o}].`);
  const axes = x.rank - 2;
  const strides = perAxis(options.strides, axes, "Strides");
  const dilation = perAxis(options.dilation, axes, "Dilation");
  const pairs = resolvePadding(padding, spatial(x), spatial(w), strides, dilation);
  return convolve(x, w, { strides, dilation, padding: pairs, groups }, bias);
}

export interface ConvTransposeOptions extends Omit<ConvOptions, "padding" | "bias"> {
  /** Elements cut from the sides of the result; "same" is not defined here. */
  readonly padding?: Exclude<Padding, "same">;
  /** Elements added at the end of the result, below the stride: chooses among the sizes that a stride merges. */
  readonly outputPadding?: number | readonly number[];
  /** The spatial size of the result, in place of outputPadding. */
  readonly outputSize?: readonly number[];
}

/**
 * Transposed convolution: the input gradient of {@link conv}. x [N, C, ...S], w [C, O/groups, ...K] ->
 * [N, O, ...(S-1)·stride - padding + dilation·(K-1) + 1 + outputPadding]. Errors: `E_SHAPE`.
 */
export function convTranspose(x: Tensor, w: Tensor, options: ConvTransposeOptions = {}): Tensor {
  const { groups = 1, padding = 0, outputPadding = 0, outputSize } = options;
  const fits = x.shape[1] === w.shape[0] && Number(w.shape[0]) % groups === 0;
  check("convTranspose", x, w, `x [N, C, ...S] and w [C, O/${groups}, ...K] with C divisible by ${groups}`, fits);
  const axes = x.rank - 2;
  const strides = perAxis(options.strides, axes, "Strides");
  const dilation = perAxis(options.dilation, axes, "Dilation");
  const kernel = spatial(w);
  const pairs = resolvePadding(padding, spatial(x), kernel, strides, dilation);
  const smallest = spatial(x).map(
    (s, i) => (s - 1) * strides[i]! - pairs[i]![0] - pairs[i]![1] + extent(kernel[i]!, dilation[i]!),
  );
  const size =
    outputSize ?? smallest.map((s, i) => s + (typeof outputPadding === "number" ? outputPadding : outputPadding[i]!));
  if (size.length !== axes || size.some((s, i) => !(s >= smallest[i]! && s < smallest[i]! + strides[i]! && s > 0))) {
    fail(
      "E_SHAPE",
      `convTranspose of ${show(x.shape)} to the spatial size [${size}].`,
      `With strides [${strides}] it lies between [${smallest}] and [${smallest.map((s, i) => s + strides[i]! - 1)}].`,
    );
  }
  return adjointInput(x, w, { strides, dilation, padding: pairs, groups }, size);
}
