/**
 * Attention transfer (Zagoruyko & Komodakis, ICLR 2017): where a network looks, not what it computes there.
 * A(F) = unit vector of (mean over channels of F²) over the h·w positions; L = Σ_pairs mean((A_s - A_t)²) over batch and
 * positions, weight 1000 in RepDistiller. Maps of different size are averaged down to the smaller one first.
 * Scaling either map by a positive number changes nothing.
 */
import type { Tensor } from "../../tensor/index.ts";
import { type Loss, tapOf } from "./loss.ts";
import { poolToCommon } from "./resize.ts";
import { unit } from "./vector.ts";

export interface AtOptions {
  /** Tap paths of feature maps `[B, c, h, w]`, student's and teacher's. */
  readonly pairs: readonly (readonly [student: string, teacher: string])[];
}

export function at({ pairs }: AtOptions): Loss {
  return (outputs, targets) => {
    const terms = pairs.map(([student, teacher]) => {
      const [s, t] = poolToCommon(tapOf(outputs, student, "student"), tapOf(targets, teacher, "teacher"));
      return attention(s).sub(attention(t)).square().mean();
    });
    const loss = terms.reduce((a, b) => a.add(b));
    return { loss, parts: { at: loss } };
  };
}

/** `[B, c, h, w] -> [B, h·w]`, length 1. */
export function attention(map: Tensor): Tensor {
  // Dividing by the largest activation first keeps the fourth powers inside f32; the direction is the same.
  const top = map.abs().max([1, 2, 3], true).stopGradient().maximum(1e-12);
  return unit(map.div(top).square().mean(1).flatten(1));
}
