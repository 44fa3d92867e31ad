/** Explainers by name, fitted to a model: which tap GradCAM reads, and whether a model can be explained that way at all. */
import { fail } from "../../../errors.ts";
import { chooseTap, type TapShapes } from "../../../teaching/losses/taps.ts";
import type { Explainer } from "./explainer.ts";
import { gradCam } from "./grad-cam.ts";
import { DYNAMIC_INPUT, dynamicLinear, inputGradient, integratedGradients } from "./pixels.ts";

export const EXPLAINERS = ["grad-cam", "bcos", "input-gradient", "integrated-gradients"] as const;
export type ExplainerName = (typeof EXPLAINERS)[number];

export interface Fit {
  readonly taps: TapShapes;
  readonly whose: "student" | "teacher";
  /** `[C, H, W]`. */
  readonly inputShape: readonly number[];
  /** Compare GradCAM's maps at the size of the picture, as the reference does, instead of their own. */
  readonly full: boolean;
  /** Of Integrated Gradients. */
  readonly points: number;
}

/** @throws E_EXPLAIN, E_TAP when the model cannot be explained that way */
export function explainerFor(name: ExplainerName, { taps, whose, inputShape, full, points }: Fit): Explainer {
  const [, height, width] = inputShape;
  if (inputShape.length !== 3 || !height || !width) {
    fail(
      "E_EXPLAIN",
      `Explanations are maps over pictures [channels, height, width]; these examples have the shape [${inputShape}].`,
      "Use picture data.",
    );
  }
  if (name === "input-gradient") return inputGradient();
  if (name === "integrated-gradients") return integratedGradients(points);
  if (name === "grad-cam") {
    return gradCam({ tap: chooseTap("map", taps, whose), ...(full && { size: [height, width] as const }) });
  }
  if (!taps.has(DYNAMIC_INPUT)) {
    fail(
      "E_EXPLAIN",
      `The ${whose} is no B-cos network: it has no dynamic linear map to explain it by.`,
      "Use a model made by bcos(), such as bcos-small and bcos-large, or --explainer grad-cam.",
    );
  }
  return dynamicLinear();
}
