/**
 * Quadratic penalties on a model's flat parameters: EWC (Kirkpatrick et al., PNAS 2017) and SI (Zenke et al., ICML 2017).
 *
 * P = scale·Σ_k Σ_i F^k_i·(θ_i - θ^k_i)², one term per task learnt before. EWC: scale = λ/2 (`half`, the paper) or λ
 * (Avalanche). At θ = θ^k the gradient is exactly 0. F comes from `fisherInformation` (fisher.ts) or `consolidate`.
 */
import { fail } from "../../../errors.ts";
import { constant, host, type Tensor } from "../../../tensor/index.ts";

/** What a task leaves behind. */
export interface Anchor {
  /** θ^k, the flat parameters after the task. */
  readonly params: Float32Array;
  /** F^k, one importance per parameter. */
  readonly importance: Float32Array;
}

export interface EwcOptions {
  /** λ. */
  readonly strength: number;
  /** λ/2 as in the paper (default) or λ as in Avalanche. */
  readonly half?: boolean;
}

/** The penalty on flat parameters θ `[n]`, a scalar; 0 without anchors. @throws E_PARAM_SHAPE, E_RANGE */
export function ewcPenalty(params: Tensor, anchors: readonly Anchor[], { strength, half = true }: EwcOptions): Tensor {
  if (!(strength >= 0)) fail("E_RANGE", `The strength of the penalty is ${strength}.`, "Use a number from 0.");
  const size = params.dims[0]!;
  const terms = anchors.map(({ params: old, importance }) => {
    if (old.length !== size || importance.length !== size) {
      fail(
        "E_PARAM_SHAPE",
        `An anchor has ${old.length} parameters and ${importance.length} importances, the model ${size}.`,
        "Both must belong to the same model.",
      );
    }
    const drift = params.sub(constant(host(old)).cast(params.dtype));
    return drift
      .square()
      .mul(constant(host(importance)).cast(params.dtype))
      .sum();
  });
  const total = terms.length > 0 ? terms.reduce((a, b) => a.add(b)) : params.mul(0).sum();
  return total.mul(half ? strength / 2 : strength);
}

/**
 * Online EWC (Schwarz et al., ICML 2018): one running importance F ← γ·F + F_new, anchored at the newest parameters.
 */
export function onlineAnchor(before: Anchor | undefined, now: Anchor, decay = 1): Anchor {
  if (!before) return now;
  return { params: now.params, importance: now.importance.map((f, i) => decay * before.importance[i]! + f) };
}

/**
 * SI's path integral, one step: ω_i ← ω_i - g_i·Δθ_i, how much the loss fell along each parameter. All `[n]`, flat.
 */
export function pathIntegral(omega: Tensor, gradient: Tensor, before: Tensor, after: Tensor): Tensor {
  return omega.sub(gradient.mul(after.sub(before)));
}

/**
 * SI at the end of a task: importance += max(ω, 0) / (Δ² + ξ), Δ the way from the task's start; use it with
 * `ewcPenalty` and `half: false`, strength c.
 */
export function consolidate(
  before: Anchor | undefined,
  task: { readonly start: Float32Array; readonly end: Float32Array; readonly omega: Float32Array },
  damping = 0.1,
): Anchor {
  const importance = task.omega.map((w, i) => {
    const way = task.end[i]! - task.start[i]!;
    return (before?.importance[i] ?? 0) + Math.max(w, 0) / (way ** 2 + damping);
  });
  return { params: task.end, importance };
}
