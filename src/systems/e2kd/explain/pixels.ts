/**
 * Explainers in pixels: the input gradient (Simonyan, Vedaldi & Zisserman 2014), Integrated Gradients (Sundararajan, Taly
 * & Yan, ICML 2017) and the dynamic linear map of B-cos networks.
 *
 * Input gradients come from the very pass the student learns from; with batch norm in training mode they include what an
 * example does to the statistics of its batch. Integrated Gradients take passes of their own, in evaluation mode.
 */

import { type Outputs, tapOf } from "../../../teaching/losses/loss.ts";
import { concat, type Tensor } from "../../../tensor/index.ts";
import { type Explainer, pullBack } from "./explainer.ts";

const PICTURE = "explain.picture";

/** ∂z/∂x, `[B, C, H, W]`; evidence is Σ_c x·∂z/∂x. Not useful for maps that shall be positive: it has both signs. */
export function inputGradient(): Explainer {
  const explain = (seen: Outputs, direction: Tensor) =>
    pullBack(seen.logits, direction, tapOf(seen, PICTURE, "student"), "the picture");
  return {
    id: "input-gradient",
    taps: [],
    prepare: (x) => ({ [PICTURE]: x }),
    explain,
    evidence: (seen, direction) =>
      explain(seen, direction)
        .mul(tapOf(seen, PICTURE, "student"))
        .sum(1, true),
  };
}

const POINTS = "explain.points";
const ANSWERS = "explain.answers";

/**
 * x·(1/m)·Σ_k ∂z/∂x at x·(k - ½)/m, from a black picture; the midpoint rule needs about half the points of the right-hand one.
 * Its sum is z(x) - z(black) for m → ∞ (completeness). `[B, C, H, W]`.
 */
export function integratedGradients(points = 8): Explainer {
  const explain = (seen: Outputs, direction: Tensor) => {
    const at = tapOf(seen, POINTS, "student");
    const picture = tapOf(seen, PICTURE, "student");
    const repeated = concat(Array<Tensor>(points).fill(direction));
    const slopes = pullBack(tapOf(seen, ANSWERS, "student"), repeated, at, "the pictures on the path");
    const mean = slopes.reshape([points, ...picture.dims]).mean(0);
    return mean.mul(picture);
  };
  return {
    id: `integrated-gradients ${points}`,
    taps: [],
    prepare: (x, run) => {
      const path = concat(Array.from({ length: points }, (_, k) => x.mul((k + 0.5) / points)));
      return { [PICTURE]: x, [POINTS]: path, [ANSWERS]: run(path) };
    },
    explain,
    evidence: (seen, direction) => explain(seen, direction).sum(1, true),
  };
}

/** Taps of B-cos models, see nn/models/bcos.ts. */
export const DYNAMIC_INPUT = "dynamic.input";
export const DYNAMIC_LOGITS = "dynamic.logits";

/** W(x) `[B, 2C, H, W]` of a B-cos network (its gradient in explanation mode); evidence is Σ_c W·[x, 1-x]. */
export function dynamicLinear(): Explainer {
  const explain = (seen: Outputs, direction: Tensor) =>
    pullBack(
      tapOf(seen, DYNAMIC_LOGITS, "student"),
      direction,
      tapOf(seen, DYNAMIC_INPUT, "student"),
      "the input of the dynamic linear map",
    );
  return {
    id: "bcos",
    taps: [DYNAMIC_INPUT, DYNAMIC_LOGITS],
    explain,
    evidence: (seen, direction) =>
      explain(seen, direction)
        .mul(tapOf(seen, DYNAMIC_INPUT, "student"))
        .sum(1, true),
  };
}
