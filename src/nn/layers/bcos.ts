/**
 * B-cos layers (Böhle, Fritz & Schiele, "B-cos Networks", CVPR 2022, eq. 3; v2: TPAMI 2024): a unit whose answer grows
 * with the alignment of weight and input, so that the whole network is a linear map that depends on the input.
 *
 * A B-cos unit is `linear · factor(x)`. What makes explanations exact is that a gradient holds the factors constant: the
 * gradient of a logit with respect to the input is then the dynamic linear map W(x). How a factor enters is therefore an
 * option of every layer.
 */
import { fail } from "../../errors.ts";
import { constant, host, type Tensor } from "../../tensor/index.ts";
import { conv } from "../../tensor/ops/index.ts";
import { fanInUniform, type Initialiser, ones } from "../init.ts";
import type { Scope } from "../scope.ts";

/** How a layer's linear part and its dynamic factor (asked for only where it is needed) become its output. */
export type Dynamics = (linear: Tensor, factor: () => Tensor) => Tensor;

/** Ordinary differentiation: for training on labels. */
export const full: Dynamics = (linear, factor) => linear.mul(factor());

/**
 * The factor is a constant for every gradient: the gradient with respect to the input is W(x), and parameters learn through
 * the linear parts only (the reference's explanation mode).
 */
export const detached: Dynamics = (linear, factor) => linear.mul(factor().stopGradient());

/**
 * Two passes: `first` is ordinary and keeps its factors, `again` applies them to another tensor of the same values. The
 * gradient of the second pass with respect to its own input is W(x), which still depends on the parameters through the
 * factors of the first: a loss on W(x) is differentiated exactly.
 */
export function twice(): { first: Dynamics; again: Dynamics } {
  const factors: Tensor[] = [];
  let next = 0;
  return {
    first: (linear, factor) => {
      const value = factor();
      factors.push(value);
      return linear.mul(value);
    },
    again: (linear) => linear.mul(factors[next++] ?? fail("E_INTERNAL", "The second pass is longer than the first.")),
  };
}

export interface BcosOptions {
  readonly stride?: number;
  /** Exponent B: 1 is linear, 2 (default) is the papers' choice; larger aligns harder. */
  readonly b?: number;
  readonly dynamics?: Dynamics;
  readonly init?: Initialiser;
}

/** Keeps ‖patch‖ and its gradient finite on empty patches, as in the reference. */
const TINY_PATCH = 1e-6;

/**
 * |cos(patch, ŵ)|^(B-1) · ŵ·patch with ŵ the weight at unit length over (in, kernel, kernel); no bias. x [B, C, H, W] ->
 * [B, out, H', W'], padding keeps the size at stride 1. Parameters: weight [out, C, kernel, kernel]. Errors: `E_RANGE`.
 */
export function bcosConv2d(
  scope: Scope,
  x: Tensor,
  out: number,
  kernel: number,
  { stride = 1, b = 2, dynamics = full, init = fanInUniform }: BcosOptions = {},
): Tensor {
  if (!(b >= 1)) fail("E_RANGE", `A B-cos layer got the exponent ${b}.`, "Use 1 (linear) or more; 2 is usual.");
  const shape = [out, Number(x.shape[1]), kernel, kernel];
  const rows = scope.param("weight", shape, init).flatten(1);
  const unit = rows.div(rows.square().sum(-1, true).add(1e-12).sqrt()).reshape(shape);
  const span = kernel - 1;
  const side: [number, number] = [span >> 1, span - (span >> 1)];
  const geometry = { strides: stride, padding: [side, side] };
  const linear = conv(x, unit, geometry);
  if (b === 1) return linear;
  return dynamics(linear, () => {
    const window = constant(host(new Float32Array(kernel * kernel).fill(1), [1, 1, kernel, kernel])).cast(x.dtype);
    const patch = conv(x.square().sum(1, true), window, geometry).add(TINY_PATCH).sqrt();
    const cosine = linear.abs().div(patch);
    // At exponents below 2 the power has an infinite slope at 0.
    return b === 2 ? cosine : cosine.add(TINY_PATCH).pow(b - 1);
  });
}

export interface UncentredNormOptions {
  readonly eps?: number;
  /** Weight of the new batch in the running statistics. */
  readonly momentum?: number;
  readonly dynamics?: Dynamics;
  /** Do the statistics of this pass go into the buffers? Default true; false for a second pass on the same batch. */
  readonly record?: boolean;
}

/**
 * Batch norm that neither centres nor shifts, so that a linear map stays linear: x / √(mean of x² + eps) · weight, per
 * channel over batch and space. x [B, C, H, W]. Parameter: weight [C]; buffer: running_square [C].
 */
export function uncentredBatchNorm(
  scope: Scope,
  x: Tensor,
  { eps = 1e-5, momentum = 0.1, dynamics = full, record = true }: UncentredNormOptions = {},
): Tensor {
  const channels = Number(x.shape[1]);
  const weight = scope.param("weight", [channels], ones);
  const running = scope.buffer("running_square", [channels], 1);
  const square = scope.train ? x.square().mean([0, 2, 3]) : running;
  if (scope.train && record) scope.update("running_square", running.mul(1 - momentum).add(square.mul(momentum)));
  const perChannel = (t: Tensor) => t.reshape([1, channels, 1, 1]);
  return dynamics(x, () => perChannel(square.add(eps).sqrt().reciprocal())).mul(perChannel(weight));
}
