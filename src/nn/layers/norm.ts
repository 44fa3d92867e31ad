/**
 * Normalisation layers with PyTorch's names (weight, bias, running_mean, running_var) and semantics: batch norm
 * normalises with the biased variance of the batch, and records the unbiased one.
 */
import type { Tensor } from "../../tensor/index.ts";
import * as ops from "../../tensor/ops/index.ts";
import { count } from "../../tensor/shape.ts";
import { ones, zeros } from "../init.ts";
import type { Scope } from "../scope.ts";

export interface NormLayerOptions {
  readonly eps?: number;
}

export interface BatchNormOptions extends NormLayerOptions {
  /** Weight of the new batch in the running statistics. */
  readonly momentum?: number;
}

/** Per channel over batch and space; x [B, C, ...]. In evaluation the running statistics are used. */
export function batchNorm(scope: Scope, x: Tensor, { momentum = 0.1, eps = 1e-5 }: BatchNormOptions = {}): Tensor {
  const channels = Number(x.shape[1]);
  const scale = scope.param("weight", [channels], ones);
  const bias = scope.param("bias", [channels], zeros);
  const runningMean = scope.buffer("running_mean", [channels], 0);
  const runningVariance = scope.buffer("running_var", [channels], 1);
  if (!scope.train) return ops.batchNormInference(x, scale, bias, runningMean, runningVariance, { eps });
  const { y, mean, variance } = ops.batchNorm(x, scale, bias, { eps });
  const n = count(x.shape) / channels;
  const blend = (old: Tensor, now: Tensor, factor: number) => old.mul(1 - momentum).add(now.mul(momentum * factor));
  scope.update("running_mean", blend(runningMean, mean, 1));
  scope.update("running_var", blend(runningVariance, variance, n / Math.max(n - 1, 1)));
  return y;
}

/** Over the last axis; x [..., D]. */
export function layerNorm(scope: Scope, x: Tensor, { eps = 1e-5 }: NormLayerOptions = {}): Tensor {
  const width = Number(x.shape.at(-1));
  return ops.layerNorm(x, scope.param("weight", [width], ones), scope.param("bias", [width], zeros), { eps });
}

/** Over the last axis, without mean and bias; x [..., D]. */
export function rmsNorm(scope: Scope, x: Tensor, { eps = 1e-5 }: NormLayerOptions = {}): Tensor {
  return ops.rmsNorm(x, scope.param("weight", [Number(x.shape.at(-1))], ones), { eps });
}

/** Over `groups` groups of channels of each example; x [B, C, ...]. */
export function groupNorm(scope: Scope, x: Tensor, groups: number, { eps = 1e-5 }: NormLayerOptions = {}): Tensor {
  const channels = Number(x.shape[1]);
  const scale = scope.param("weight", [channels], ones);
  return ops.groupNorm(x, groups, scale, scope.param("bias", [channels], zeros), { eps });
}
