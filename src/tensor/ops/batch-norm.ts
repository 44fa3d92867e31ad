/**
 * Batch normalisation (Ioffe & Szegedy 2015) over [N, C, ...S]: the statistics of a channel over examples and space.
 *
 * ONNX's BatchNormalization kernel is one pass of x·a + b per channel, so it serves training (with the statistics of
 * the batch), inference (with running ones) and the backward pass alike.
 */
import { apply, type Node, type Op } from "../graph.ts";
import { count } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { blockedAffine } from "./blocked.ts";
import { channelAffineAdd, channelDot, channelSum, needChannels, perChannel, scaleChannels } from "./channels.ts";
import { add, maximum, mul, neg, reciprocal, sqrt, sub } from "./elementwise.ts";

const lowerNormalise: Op["lower"] = (e, n, inputs) =>
  e.op("BatchNormalization", inputs, { epsilon: n.attrs.eps as number });
const inverse = (variance: Tensor, n: Node) => reciprocal(sqrt(add(variance, n.attrs.eps as number)));

const INFERENCE: Op = {
  name: "batchNormInference",
  vjp: ([g], n) => {
    const [x, scale, , mean, variance] = n.inputs as [Tensor, Tensor, Tensor, Tensor, Tensor];
    const r = inverse(variance, n);
    const slope = mul(scale, r);
    const shift = channelSum(g!);
    const byUnit = mul(channelSum(mul(g!, sub(x, perChannel(mean, x)))), r);
    return [
      mul(g!, perChannel(slope, x)),
      byUnit,
      shift,
      neg(mul(shift, slope)),
      mul(mul(byUnit, mul(slope, r)), -0.5),
    ];
  },
  lower: lowerNormalise,
};

const TRAINING: Op = {
  name: "batchNorm",
  /**
   * The whole derivative, through the statistics too, is returned for x; the inputs that hold the statistics of x get
   * none. They stay functions of x, so that this expression can be differentiated again. All passes over images are
   * y + x·a + b; the last factor per channel stays symbolic for a convolution to take up.
   */
  vjp: ([g], n) => {
    const [x, scale, , mean, variance] = n.inputs as [Tensor, Tensor, Tensor, Tensor, Tensor];
    const r = inverse(variance, n);
    const share = 1 / (count(x.shape) / count(scale.shape));
    const shift = channelSum(g!);
    const byUnit = mul(sub(channelDot(g!, x), mul(mean, shift)), r);
    const tilt = mul(mul(byUnit, r), -share);
    const level = sub(mul(shift, -share), mul(mean, tilt));
    return [scaleChannels(channelAffineAdd(g!, x, tilt, level), mul(scale, r)), byUnit, shift, undefined, undefined];
  },
  lower: lowerNormalise,
  blocked: (e, n) => {
    const [x, scale, bias, mean, variance] = n.inputs as [Tensor, Tensor, Tensor, Tensor, Tensor];
    const slope = mul(scale, inverse(variance, n));
    return blockedAffine(e, x, slope, sub(bias, mul(mean, slope)));
  },
};

/**
 * Normalises with the statistics of the batch. x [N, C, ...S], scale and bias [C]; mean and (population) variance [C]
 * are returned for the running averages. The variance is E[x²] - E[x]², one pass over memory less than the centred
 * form; it loses digits where |mean| is thousands of deviations. Errors: `E_SHAPE`.
 */
export function batchNorm(
  x: Tensor,
  scale: Tensor,
  bias: Tensor,
  { eps = 1e-5 }: { readonly eps?: number } = {},
): { y: Tensor; mean: Tensor; variance: Tensor } {
  needChannels("batchNorm", x, [scale, bias]);
  const share = 1 / (count(x.shape) / count(scale.shape));
  const mean = mul(channelSum(x), share);
  const variance = maximum(sub(mul(channelDot(x, x), share), mul(mean, mean)), 0);
  return { y: apply(TRAINING, [x, scale, bias, mean, variance], x.dtype, x.shape, { eps }), mean, variance };
}

/** Normalises with given statistics. x [N, C, ...S], all others [C]. Errors: `E_SHAPE`. */
export function batchNormInference(
  x: Tensor,
  scale: Tensor,
  bias: Tensor,
  mean: Tensor,
  variance: Tensor,
  { eps = 1e-5 }: { readonly eps?: number } = {},
): Tensor {
  needChannels("batchNormInference", x, [scale, bias, mean, variance]);
  return apply(INFERENCE, [x, scale, bias, mean, variance], x.dtype, x.shape, { eps });
}
