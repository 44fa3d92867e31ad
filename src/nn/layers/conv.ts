/**
 * Convolutional layers. Start values are PyTorch's (uniform within ±1/√fan-in) unless given; the padding keeps the
 * size at stride 1 unless given, which is what nearly every network wants.
 */
import { fail } from "../../errors.ts";
import type { Tensor } from "../../tensor/index.ts";
import { conv, type Padding } from "../../tensor/ops/index.ts";
import { fanInUniform, type Initialiser, uniform } from "../init.ts";
import type { Scope } from "../scope.ts";

export interface ConvLayerOptions {
  readonly stride?: number;
  /** Zeros on each side; (kernel - 1) · dilation / 2 where not given. */
  readonly padding?: Padding;
  readonly dilation?: number;
  readonly groups?: number;
  readonly bias?: boolean;
  readonly init?: Initialiser;
}

function convLayer(
  axes: number,
  scope: Scope,
  x: Tensor,
  out: number,
  kernel: number,
  { stride = 1, padding, dilation = 1, groups = 1, bias = true, init = fanInUniform }: ConvLayerOptions = {},
): Tensor {
  if (x.rank !== axes + 2) {
    fail("E_SHAPE", `conv${axes}d at "${scope.path}" got ${x}.`, `Expected [batch, channels, ${axes} spatial axes].`);
  }
  const into = Number(x.shape[1]) / groups;
  const shape = [out, into, ...Array<number>(axes).fill(kernel)];
  const span = (kernel - 1) * dilation;
  return conv(x, scope.param("weight", shape, init), {
    strides: stride,
    padding: padding ?? Array.from({ length: axes }, (): [number, number] => [span >> 1, span - (span >> 1)]),
    dilation,
    groups,
    ...(bias && { bias: scope.param("bias", [out], uniform(1 / Math.sqrt(into * kernel ** axes))) }),
  });
}

/** x [B, C, L] -> [B, out, L']. Parameters: weight [out, C/groups, kernel], bias [out]. */
export function conv1d(scope: Scope, x: Tensor, out: number, kernel: number, options?: ConvLayerOptions): Tensor {
  return convLayer(1, scope, x, out, kernel, options);
}

/** x [B, C, H, W] -> [B, out, H', W']. Parameters: weight [out, C/groups, kernel, kernel], bias [out]. */
export function conv2d(scope: Scope, x: Tensor, out: number, kernel: number, options?: ConvLayerOptions): Tensor {
  return convLayer(2, scope, x, out, kernel, options);
}
