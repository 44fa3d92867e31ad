/**
 * Divergences between next-token distributions: p the teacher's, q the student's, both softmax over the last axis.
 *
 * Every function takes logits `[..., V]` and gives nats per token `[...]`. All are computed from log-probabilities (a
 * mixture by log-sum-exp), finite for logits of ±1e4, and 0 with gradient 0 at p = q. Implementations that drop the
 * teacher's entropy (a cross-entropy called "forward KL") differ from these by a constant in the value only; the
 * student's entropy in a reverse divergence is no constant and must stay.
 */
import { fail } from "../../../errors.ts";
import { maximum, stopGradient, type Tensor } from "../../../tensor/index.ts";
import { klFromLogs } from "../vector.ts";

/** (student, teacher) logits `[..., V]` to nats per token `[...]`. The teacher gets no gradient. */
export type Divergence = (student: Tensor, teacher: Tensor) => Tensor;

/** log p, log q to nats. */
type FromLogs = (logP: Tensor, logQ: Tensor) => Tensor;

const fromLogits =
  (measure: FromLogs): Divergence =>
  (student, teacher) =>
    measure(stopGradient(teacher).logSoftmax(), student.logSoftmax());

function needShare(what: string, share: number): void {
  if (!(share >= 0 && share <= 1)) fail("E_RANGE", `${what} got the weight ${share}.`, "Use a number from 0 to 1.");
}

/** log(w·eᵃ + (1-w)·eᵇ), element by element; 0 < w < 1. */
function logMix(a: Tensor, b: Tensor, weight: number): Tensor {
  const [x, y] = [a.add(Math.log(weight)), b.add(Math.log(1 - weight))];
  const top = stopGradient(maximum(x, y));
  return x.sub(top).exp().add(y.sub(top).exp()).log().add(top);
}

/** KL(p‖q): the student covers whatever the teacher finds possible. */
export function forwardKl(): Divergence {
  return fromLogits(klFromLogs);
}

/** KL(q‖p): the student keeps to what the teacher finds likely (MiniLLM, Gu et al. 2024). */
export function reverseKl(): Divergence {
  return fromLogits((p, q) => klFromLogs(q, p));
}

/** (1-λ)·KL(p‖q) + λ·KL(q‖p); λ = 0.9 in DistiLLM's code. */
export function symmetricKl(lambda = 0.9): Divergence {
  needShare("symmetricKl", lambda);
  return fromLogits((p, q) =>
    klFromLogs(p, q)
      .mul(1 - lambda)
      .add(klFromLogs(q, p).mul(lambda)),
  );
}

/** ½·Σ|p - q|, between 0 and 1. */
export function totalVariation(): Divergence {
  return fromLogits((p, q) => p.exp().sub(q.exp()).abs().sum(-1).mul(0.5));
}

/**
 * Generalised Jensen-Shannon divergence (GKD, Agarwal et al. 2024): β·KL(p‖m) + (1-β)·KL(q‖m), m = β·p + (1-β)·q.
 * It tends to 0 at both ends: JSD/β to KL(p‖q) as β → 0, JSD/(1-β) to KL(q‖p) as β → 1. `ends` says what β = 0 and 1
 * mean: "kl" (TRL's convention, default) gives KL(p‖q) and KL(q‖p) there, which makes the function jump, 0.5 against
 * 0.005 at β = 0.01 say; "formula" gives the 0 of the formula.
 */
export function generalisedJsd(beta = 0.5, { ends = "kl" }: { readonly ends?: "kl" | "formula" } = {}): Divergence {
  needShare("generalisedJsd", beta);
  if (ends === "kl" && beta === 0) return forwardKl();
  if (ends === "kl" && beta === 1) return reverseKl();
  return fromLogits((p, q) => {
    const m = beta === 0 ? q : beta === 1 ? p : logMix(p, q, beta);
    return klFromLogs(p, m)
      .mul(beta)
      .add(klFromLogs(q, m).mul(1 - beta));
  });
}

/** DistiLLM's JS_λ (Ko et al. 2024): λ·KL(q‖m) + (1-λ)·KL(p‖m), m = (1-λ)·p + λ·q: the JSD with β = 1-λ. */
export function jsDivergence(lambda = 0.9): Divergence {
  needShare("jsDivergence", lambda);
  return generalisedJsd(1 - lambda, { ends: "formula" });
}

/** Skew KL (DistiLLM): KL(p ‖ λ·p + (1-λ)·q), bounded by -log λ. */
export function skewKl(lambda = 0.1): Divergence {
  needShare("skewKl", lambda);
  return fromLogits((p, q) => klFromLogs(p, lambda === 0 ? q : lambda === 1 ? p : logMix(p, q, lambda)));
}

/** Skew reverse KL (DistiLLM): KL(q ‖ (1-λ)·p + λ·q). */
export function skewReverseKl(lambda = 0.1): Divergence {
  needShare("skewReverseKl", lambda);
  return fromLogits((p, q) => klFromLogs(q, lambda === 0 ? p : lambda === 1 ? q : logMix(q, p, lambda)));
}
