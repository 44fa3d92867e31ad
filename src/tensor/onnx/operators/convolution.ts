/**
 * Convolutions over 1, 2 or 3 spatial axes. The engine has 1 and 2; a volume becomes a stack of pictures: the slices
 * that a kernel sees along the first spatial axis are gathered into the channels.
 */
import * as ops from "../../ops/index.ts";
import { fixed } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import type { Call, Operator } from "../call.ts";
import { spatialOf, type Window, windowOf } from "./window.ts";

function convolution(c: Call): Tensor {
  const [x, w, bias] = [c.in(0), c.in(1), c.optional(2)];
  const groups = c.attrs.int("group", 1);
  const window = windowOf(c, spatialOf(x), spatialOf(w));
  if (x.rank === 5) return volume(x, w, bias, window, groups);
  if (x.rank > 5) c.unsupported(`${x.rank - 2} spatial axes`);
  return ops.conv(x, w, { ...window, groups, ...(bias && { bias }) });
}

function volume(x: Tensor, w: Tensor, bias: Tensor | undefined, window: Window, groups: number): Tensor {
  const { kernel, strides, dilation, padding } = window;
  const around = (side: 0 | 1) => x.shape.map((_, i) => (i === 2 ? padding[0]![side] : 0));
  const padded = ops.pad(x, around(0), around(1));
  const [n, channels, depth, height, width] = padded.shape as readonly number[] as [
    number,
    number,
    number,
    number,
    number,
  ];
  const [out, perGroup] = fixed(w.shape) as readonly [number, number];
  const span = (kernel[0]! - 1) * dilation[0]! + 1;
  const steps = Math.floor((depth - span) / strides[0]!) + 1;
  const slices = Array.from({ length: kernel[0]! }, (_, k) => {
    const first = k * dilation[0]!;
    return ops.slice(padded, 2, first, first + (steps - 1) * strides[0]! + 1, strides[0]);
  });
  // [N, C, K, steps, H, W] -> [N·steps, C·K, H, W]; the kernel's depth follows each channel in the weights, too.
  const stacked = ops.transpose(ops.stack(slices, 2), [0, 3, 1, 2, 4, 5]);
  const pictures = ops.reshape(stacked, [-1, channels * kernel[0]!, height, width]);
  const flat = ops.reshape(w, [out, perGroup * kernel[0]!, kernel[1]!, kernel[2]!]);
  const y = ops.conv(pictures, flat, {
    strides: strides.slice(1),
    dilation: dilation.slice(1),
    padding: padding.slice(1),
    groups,
    ...(bias && { bias }),
  });
  const apart = ops.reshape(y, [n, steps, out, ...y.shape.slice(2)]);
  return ops.transpose(apart, [0, 2, 1, 3, 4]);
}

/**
 * Sizes are (in - 1)·stride + kernel - pads + output_padding, or output_shape decides the pads. The engine's
 * transposed convolution is a strict adjoint; the other shapes are cut out of the unpadded result, or padded.
 */
function transposed(c: Call): Tensor {
  const [x, w, bias] = [c.in(0), c.in(1), c.optional(2)];
  if (x.rank > 4) c.unsupported(`${x.rank - 2} spatial axes`);
  const size = spatialOf(x);
  const kernel = spatialOf(w);
  const ones = size.map(() => 1);
  const strides = c.attrs.ints("strides") ?? ones;
  const dilation = c.attrs.ints("dilations") ?? ones;
  const extra = c.attrs.ints("output_padding") ?? size.map(() => 0);
  const full = size.map((s, i) => (s - 1) * strides[i]! + (kernel[i]! - 1) * dilation[i]! + 1);
  const mode = c.attrs.string("auto_pad", "NOTSET");
  const same = mode.startsWith("SAME");
  const wanted =
    c.attrs.ints("output_shape")?.slice(-size.length) ?? (same ? size.map((s, i) => s * strides[i]!) : undefined);
  const pads = c.attrs.ints("pads");
  const cut = size.map((_, i): [number, number] => {
    if (!wanted) return pads && mode === "NOTSET" ? [pads[i]!, pads[i + size.length]!] : [0, 0];
    const total = full[i]! + extra[i]! - wanted[i]!;
    const [less, more] = [Math.floor(total / 2), total - Math.floor(total / 2)];
    return mode === "SAME_UPPER" ? [less, more] : [more, less];
  });
  let y = ops.convTranspose(x, w, { strides, dilation, groups: c.attrs.int("group", 1) });
  full.forEach((length, i) => {
    const axis = i + 2;
    const [before, after] = [cut[i]![0], cut[i]![1] - extra[i]!];
    const at = (amount: number) => y.shape.map((_, k) => (k === axis ? amount : 0));
    if (before > 0 || after > 0) y = ops.slice(y, axis, Math.max(before, 0), length - Math.max(after, 0));
    if (before < 0 || after < 0) y = ops.pad(y, at(Math.max(-before, 0)), at(Math.max(-after, 0)));
  });
  return bias ? ops.add(y, ops.reshape(bias, [-1, ...ones])) : y;
}

export const CONVOLUTIONS: Readonly<Record<string, Operator>> = {
  Conv: convolution,
  ConvTranspose: transposed,
};
