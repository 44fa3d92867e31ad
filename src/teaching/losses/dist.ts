/**
 * DIST (Huang et al., NeurIPS 2022, equations 8-10): match correlations instead of probabilities.
 * L = β·τ²·(1 - mean_b ρ(Y_s[b,:], Y_t[b,:])) + γ·τ²·(1 - mean_c ρ(Y_s[:,c], Y_t[:,c])), Y = softmax(z/τ), ρ Pearson's
 * correlation with 1e-8 added to the product of norms. The second part compares classes over the batch: use B >= 32.
 *
 * A class that the batch gives one and the same probability has no correlation (ρ = 0): there the loss stays at 1/C
 * of the intra part even at equality, with gradient 0, as in the reference.
 */
import type { Tensor } from "../../tensor/index.ts";
import { type Loss, sameLogits } from "./loss.ts";
import { norm } from "./vector.ts";

export interface DistOptions {
  /** τ. */
  readonly temperature?: number;
  /** Weight of the relation between the classes of an example. */
  readonly beta?: number;
  /** Weight of the relation between the examples of a class. */
  readonly gamma?: number;
}

export function dist({ temperature = 1, beta = 1, gamma = 1 }: DistOptions = {}): Loss {
  return (outputs, targets) => {
    sameLogits(outputs, targets);
    const student = outputs.logits.div(temperature).softmax();
    const teacher = targets.logits.div(temperature).softmax();
    const square = temperature ** 2;
    const inter = unlikeness(student, teacher).mul(square);
    const intra = unlikeness(student.transpose(), teacher.transpose()).mul(square);
    return { loss: inter.mul(beta).add(intra.mul(gamma)), parts: { inter, intra } };
  };
}

/** 1 - the mean over rows of Pearson's correlation. */
export function unlikeness(a: Tensor, b: Tensor): Tensor {
  const x = a.sub(a.mean(-1, true));
  const y = b.sub(b.mean(-1, true));
  const correlation = x
    .mul(y)
    .sum(-1, true)
    .div(norm(x).mul(norm(y)).add(1e-8));
  return correlation.mean().neg().add(1);
}
