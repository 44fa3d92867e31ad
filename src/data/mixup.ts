/**
 * Mixup (Zhang et al., "mixup: Beyond Empirical Risk Minimization", ICLR 2018): convex combinations of two examples.
 *
 * The partner is drawn from the whole dataset and not, as usual, from the batch: what an example becomes must not
 * depend on its neighbours (see augment.ts). No Node imports.
 */
import { fold, type Key, normal, uniform } from "../tensor/random.ts";
import type { Pixels } from "./augment-pixels.ts";

/** One draw from Beta(alpha, alpha), in [0, 1]. */
export function beta(key: Key, alpha: number): number {
  const a = gamma(fold(key, 0), alpha);
  const b = gamma(fold(key, 1), alpha);
  // For tiny alpha both gammas can underflow; the limit distribution is a fair coin.
  return a + b > 0 ? a / (a + b) : Math.round(uniform(fold(key, 2), 1)[0]!);
}

/** Gamma(shape, 1) by Marsaglia and Tsang, ACM TOMS 26 (2000); shapes below 1 by their power boost. */
function gamma(key: Key, shape: number): number {
  if (shape < 1) {
    const u = 1 - uniform(fold(key, 0), 1)[0]!;
    return gamma(fold(key, 1), shape + 1) * u ** (1 / shape);
  }
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (let attempt = 0; ; attempt++) {
    const attemptKey = fold(key, attempt);
    const x = normal(fold(attemptKey, 0), 1)[0]!;
    const v = (1 + c * x) ** 3;
    const u = 1 - uniform(fold(attemptKey, 1), 1)[0]!;
    if (v > 0 && Math.log(u) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** `pixels = lambda * pixels + (1 - lambda) * other`, in place; bytes are rounded to the nearest. */
export function blend(pixels: Pixels, other: Pixels, lambda: number): void {
  const round = pixels instanceof Uint8Array ? 0.5 : 0;
  for (let i = 0; i < pixels.length; i++) pixels[i] = lambda * pixels[i]! + (1 - lambda) * other[i]! + round;
}
