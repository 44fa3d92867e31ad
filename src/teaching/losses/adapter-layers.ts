/** Layers of adapters: convolutions, and batch normalisation by the statistics of the batch (adapters only train). */
import { batchNorm, conv, type Tensor } from "../../tensor/index.ts";
import type { AdapterScope } from "./adapter.ts";

export interface AdapterConv {
  /** Height and width of the kernel; zeros around the map keep its size. Default 1. */
  readonly kernel?: number;
  /** Default true. */
  readonly bias?: boolean;
  /** Weights start uniform within ± gain/√fan-in; 1 is PyTorch's default, √3 its kaiming_uniform_(a=1). */
  readonly gain?: number;
}

/** `[B, c, h, w] -> [B, width, h, w]`. Parameters weight `[width, c, k, k]`, bias `[width]` (starts at 0). */
export function convolve(
  scope: AdapterScope,
  x: Tensor,
  width: number,
  { kernel = 1, bias = true, gain = 1 }: AdapterConv = {},
): Tensor {
  const channels = x.dims[1]!;
  const bound = gain / Math.sqrt(channels * kernel ** 2);
  const weight = scope.param("weight", [width, channels, kernel, kernel], bound);
  return conv(x, weight, { padding: (kernel - 1) / 2, ...(bias && { bias: scope.param("bias", [width], 0) }) });
}

/** Per channel over batch and space; x `[B, c, ...]`. Parameters scale (starts at 1) and shift (0), both `[c]`. */
export function batchNormalised(scope: AdapterScope, x: Tensor): Tensor {
  const channels = x.dims[1]!;
  return batchNorm(x, scope.param("scale", [channels], { fill: 1 }), scope.param("shift", [channels], 0)).y;
}
