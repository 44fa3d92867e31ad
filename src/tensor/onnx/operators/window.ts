/** How a window slides, as ONNX writes it: pads as [begin..., end...], or auto_pad in its four meanings. */
import { fixed } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import type { Call } from "../call.ts";

export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: readonly (readonly [number, number])[];
}

export function spatialOf(x: Tensor): readonly number[] {
  return fixed(x.shape.slice(2));
}

export function windowOf(c: Call, size: readonly number[], kernel: readonly number[]): Window {
  const ones = size.map(() => 1);
  const strides = c.attrs.ints("strides") ?? ones;
  const dilation = c.attrs.ints("dilations") ?? ones;
  return { kernel, strides, dilation, padding: paddingOf(c, size, kernel, strides, dilation) };
}

function paddingOf(
  c: Call,
  size: readonly number[],
  kernel: readonly number[],
  strides: readonly number[],
  dilation: readonly number[],
): (readonly [number, number])[] {
  const mode = c.attrs.string("auto_pad", "NOTSET");
  if (mode === "VALID") return size.map(() => [0, 0]);
  if (mode === "SAME_UPPER" || mode === "SAME_LOWER") {
    return size.map((s, i) => {
      const span = (kernel[i]! - 1) * dilation[i]! + 1;
      const total = Math.max((Math.ceil(s / strides[i]!) - 1) * strides[i]! + span - s, 0);
      const [less, more] = [Math.floor(total / 2), Math.ceil(total / 2)];
      return mode === "SAME_UPPER" ? [less, more] : [more, less];
    });
  }
  const pads = c.attrs.ints("pads");
  return size.map((_, i) => (pads ? [pads[i]!, pads[i + size.length]!] : [0, 0]));
}
