/**
 * Quantiles of Student's t distribution, exact to about 1e-12.
 *
 * P(T > t) = I_x(df/2, 1/2) / 2 with x = df / (df + t²), where I is the regularised incomplete beta function
 * (Abramowitz & Stegun 26.7.1), computed by its continued fraction (26.5.8) with the modified Lentz method.
 * The inverse is found by bisection on the tail itself: slower than Newton, but it cannot fail, and it is
 * called a handful of times per report.
 */
import { fail } from "../../errors.ts";

/** t with P(T <= t) = p. @param df degrees of freedom, > 0 @throws E_STATISTICS */
export function studentQuantile(p: number, df: number): number {
  if (!(p > 0 && p < 1))
    fail("E_STATISTICS", `A quantile needs 0 < p < 1, got p = ${p}.`, "Use 0.975 for a 95 % interval.");
  if (!(df > 0) || !Number.isFinite(df))
    fail(
      "E_STATISTICS",
      `Student's t needs finite degrees of freedom above 0, got ${df}.`,
      "Give at least two values.",
    );
  if (p === 0.5) return 0;
  if (p < 0.5) return -studentQuantile(1 - p, df);
  const tail = 1 - p;
  let high = 1;
  while (upperTail(high, df) > tail) high *= 2;
  let low = high === 1 ? 0 : high / 2;
  while (high - low > 1e-14 * high) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (upperTail(middle, df) > tail) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(T > t) for t >= 0. */
function upperTail(t: number, df: number): number {
  return incompleteBeta(df / (df + t * t), (t * t) / (df + t * t), df / 2, 0.5) / 2;
}

/** I_x(a, b); y = 1 - x is given separately, because the subtraction would lose its digits near x = 1. */
function incompleteBeta(x: number, y: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (y <= 0) return 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(y));
  // The fraction converges fast on this side only; on the other use I_x(a, b) = 1 - I_y(b, a).
  return x < (a + 1) / (a + b + 2) ? (front * fraction(x, a, b)) / a : 1 - (front * fraction(y, b, a)) / b;
}

function fraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  const away = (value: number) => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let h = d;
  // Needs about sqrt(max(a, b)) rounds; 10,000 covers a hundred million degrees of freedom.
  for (let m = 1; m <= 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    h *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    h *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return h;
}

/** ln Γ(x) for x > 0: Lanczos' series with g = 7 and nine terms, relative error below 1e-14. */
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
] as const;

function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const z = x - 1;
  let sum: number = LANCZOS[0];
  for (let i = 1; i < LANCZOS.length; i++) sum += LANCZOS[i]! / (z + i);
  const t = z + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(t) - t + Math.log(sum);
}
