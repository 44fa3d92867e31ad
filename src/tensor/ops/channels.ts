/**
 * Statistics and affine maps per channel of [N, C, ...S]: what batch normalisation and its derivatives are made of.
 * Each is one pass over memory in the layout its input happens to have.
 */
import { fail } from "../../errors.ts";
import { apply, type Op } from "../graph.ts";
import { show } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { blockedAffine, blockedChannelDot } from "./blocked.ts";
import { add, mul } from "./elementwise.ts";
import { sum } from "./reduce.ts";
import { reshape } from "./shaping.ts";

/** [C] against [N, C, ...S]. */
export const perChannel = (t: Tensor, like: Tensor) => reshape(t, [-1, ...like.shape.slice(2).map(() => 1)]);

export function needChannels(what: string, x: Tensor, vectors: readonly Tensor[]): void {
  const bad = vectors.find((t) => t.rank !== 1 || t.shape[0] !== x.shape[1] || t.dtype !== x.dtype);
  if (x.rank < 2 || bad) {
    fail(
      "E_SHAPE",
      `${what} of ${x.dtype}${show(x.shape)}${bad ? ` with ${bad.dtype}${show(bad.shape)}` : ""}.`,
      "Expected [N, C, ...S] and vectors of C numbers of the same dtype.",
    );
  }
}

/** Sums over all axes but the channel's; contiguous ones first, which ONNX Runtime does at memory speed. */
export function channelSum(x: Tensor): Tensor {
  const space = x.shape.slice(2).map((_, i) => i + 2);
  return sum(space.length ? sum(x, space) : x, 0);
}

const DOT: Op = {
  name: "channelDot",
  vjp: ([g], n) => [scaleChannels(n.inputs[1]!, g!), scaleChannels(n.inputs[0]!, g!)],
  lower: (_e, n) => channelSum(mul(n.inputs[0]!, n.inputs[1]!)),
  blocked: (e, n) => blockedChannelDot(e, n.inputs[0]!, n.inputs[1]!),
};
/** Per channel the sum of x·y: [N, C, ...S] twice -> [C]. */
export function channelDot(x: Tensor, y: Tensor): Tensor {
  return apply(DOT, [x, y], x.dtype, [x.shape[1]!]);
}

const SCALE: Op = {
  name: "scaleChannels",
  vjp: ([g], n) => [scaleChannels(g!, n.inputs[1]!), channelDot(g!, n.inputs[0]!)],
  lower: (_e, n) => mul(n.inputs[0]!, perChannel(n.inputs[1]!, n.inputs[0]!)),
  blocked: (e, n) => blockedAffine(e, n.inputs[0]!, n.inputs[1]!, undefined),
};
/** x·a per channel. Convolutions that follow in a backward pass take the factor into their weights instead. */
export function scaleChannels(x: Tensor, a: Tensor): Tensor {
  return apply(SCALE, [x, a], x.dtype, x.shape);
}
/** The parts of a tensor made by {@link scaleChannels}. */
export function scaledChannels(t: Tensor): { x: Tensor; scale: Tensor } | undefined {
  return t.node.op === SCALE ? { x: t.node.inputs[0]!, scale: t.node.inputs[1]! } : undefined;
}

const AFFINE: Op = {
  name: "channelAffine",
  vjp: ([g], n) => {
    const [x, a] = n.inputs as [Tensor, Tensor, Tensor];
    return [scaleChannels(g!, a), channelDot(g!, x), channelSum(g!)];
  },
  lower: (e, n, [x, a, b]) => {
    const like = (value: number) =>
      e.op("Expand", [e.scalar(value, n.inputs[0]!.dtype), e.i64(n.inputs[1]!.shape as number[])]);
    return e.op("BatchNormalization", [x!, a!, b!, like(0), like(1)], { epsilon: 0 });
  },
  blocked: (e, n) => blockedAffine(e, n.inputs[0]!, n.inputs[1]!, n.inputs[2]),
};
/** x·a + b with one a and one b per channel. x [N, C, ...S], a and b [C]. */
export function channelAffine(x: Tensor, a: Tensor, b: Tensor): Tensor {
  needChannels("channelAffine", x, [a, b]);
  return apply(AFFINE, [x, a, b], x.dtype, x.shape);
}

/** y + x·a + b per channel. */
export function channelAffineAdd(y: Tensor, x: Tensor, a: Tensor, b: Tensor): Tensor {
  return add(channelAffine(x, a, b), y);
}
