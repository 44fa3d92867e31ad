/**
 * e²KD (Parchami-Araghi, Böhle, Rao & Schiele, "Good Teachers Explain", ECCV 2024, eq. 1-3):
 *
 *   L = τ²·KL(softmax(z_T/τ) ‖ softmax(z_S/τ)) + λ·mean_b[1 - cos(E(T, x, ŷ), E(S, x, ŷ))] (+ γ·CE), ŷ = argmax z_T.
 *
 * λ = 0 leaves the explanations out of the graph: plain distillation, bit for bit. The gradient of L runs through the
 * student's explanation, including the weights that GradCAM takes from a gradient (second-order derivatives).
 */
import { fail } from "../../errors.ts";
import { crossEntropy } from "../../teaching/losses/cross-entropy.ts";
import { kd } from "../../teaching/losses/kd.ts";
import { type Loss, tapOf } from "../../teaching/losses/loss.ts";
import { weighted } from "../../teaching/losses/weighted.ts";
import type { Tensor } from "../../tensor/index.ts";
import { isEmpty, mapCosine } from "./explain/cosine.ts";
import { directionOf, explainedClass } from "./explain/direction.ts";
import type { Explainer } from "./explain/explainer.ts";
import { EXPLANATION } from "./explain/teacher.ts";

export interface ExplanationOptions {
  /** How the student is explained; the teacher's map is its tap "explanation". */
  readonly explainer: Explainer;
  /** As the teacher was explained. */
  readonly contrast?: boolean;
  /** Only every so many steps, from the first one on (the reference's guided_step_interval); `steps` of the whole lesson. */
  readonly interval?: { readonly every: number; readonly steps: number };
}

/** mean_b[1 - cos]. Parts: the distance, and the share of the student's maps that are empty. */
export function explanationLoss({ explainer, contrast = false, interval }: ExplanationOptions): Loss {
  return (outputs, targets, { progress }) => {
    const dtype = outputs.logits.dtype === "f64" ? "f64" : "f32";
    const classes = explainedClass(targets.logits);
    const direction = directionOf(classes, outputs.logits.dims[1]!, contrast, dtype);
    const own = explainer.explain(outputs, direction);
    const distance = mapCosine(own, tapOf(targets, EXPLANATION, "teacher"))
      .neg()
      .add(1)
      .mean();
    const gate = interval && interval.every > 1 && progress ? isGuided(progress, interval) : undefined;
    const loss = gate ? distance.mul(gate.cast(dtype)) : distance;
    return { loss, parts: { distance, empty: isEmpty(own).mean() } };
  };
}

/**
 * 1 on steps 0, K, 2K, ..., else 0: ⌈steps/K⌉ of them. progress: step / steps. The maps are computed on the other steps
 * too (one program serves all steps): behind a linear head lessons with and without maps took equally long.
 */
export function isGuided(progress: Tensor, { every, steps }: { every: number; steps: number }): Tensor {
  const step = progress.mul(steps).round();
  return step.sub(step.div(every).add(1e-4).floor().mul(every)).abs().lt(0.5).cast("f32");
}

export interface E2kdOptions extends ExplanationOptions {
  /** λ. */
  readonly weight: number;
  /** τ. */
  readonly temperature?: number;
  /** γ, of cross-entropy on the labels; 0 in the paper. */
  readonly labels?: number;
}

/** The whole loss. @throws E_RANGE for a negative λ */
export function e2kd({ weight, temperature = 1, labels = 0, ...explanation }: E2kdOptions): Loss {
  if (!(weight >= 0)) fail("E_RANGE", `The weight of the explanations is ${weight}.`, "Use 0 or more.");
  return weighted<Parameters<Loss>[0], Parameters<Loss>[1]>({
    kd: [1, kd({ temperature })],
    explanation: [weight, explanationLoss(explanation)],
    ce: [labels, crossEntropy()],
  });
}

/**
 * Binary cross-entropy on one-hot labels that are nowhere below 1/C, mean over batch and classes: what B-cos teachers are
 * trained with (Böhle et al., v2).
 */
export function bcosCrossEntropy(): Loss<Parameters<Loss>[0], unknown> {
  return ({ logits }, _targets, { labels }) => {
    const classes = logits.dims[1]!;
    const target = directionOf(labels, classes, false).maximum(1 / classes);
    const loss = logits.softplus().sub(logits.mul(target)).mean();
    return { loss, parts: { crossEntropy: loss } };
  };
}
