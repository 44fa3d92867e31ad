/**
 * Where plain training catches up with distillation (section 2.9).
 *
 * With a teacher of fixed loss and equal tokens the student's curve crosses that of plain training once. With the best
 * teacher at every budget the two only come closer and closer; then the crossing is where the gain falls below `eps`.
 */
import { C4_FAMILY, type Family, flopsPerToken, SCENARIOS } from "./flops.ts";
import { type Laws, studentLoss, supervisedLoss } from "./law.ts";
import { plan } from "./plan.ts";

const TOKENS: readonly [number, number] = [1e6, 1e17];
const BUDGETS = [1e9, 1e30] as const;

/**
 * Tokens from which plain training is better than a teacher of loss LT; undefined where it never is, or always. Looks
 * from `from` tokens on.
 */
export function crossingTokens(laws: Laws, N: number, LT: number, from = TOKENS[0]): number | undefined {
  const gain = (D: number) => supervisedLoss(laws.supervised, N, D) - studentLoss(laws, { N, D, LT });
  return signChange(gain, [from, TOKENS[1]]);
}

/** Operations from which the best possible teacher gains less than `eps` nats; undefined where it always gains more. */
export function crossingFlops(laws: Laws, N: number, eps = 0.02, family: Family = C4_FAMILY): number | undefined {
  const gain = (budget: number) => {
    const found = plan({ laws, N, budget, scenario: SCENARIOS.best, family });
    return found.alone.loss - found.loss - eps;
  };
  // From tokens in a sensible number on: below, both curves are far outside of what was fitted.
  const least = Math.max(BUDGETS[0], 3 * flopsPerToken(N, family) * N);
  return signChange(gain, [least, BUDGETS[1]]);
}

/** The last place where f turns from plus to minus, on a logarithmic scale. */
function signChange(f: (x: number) => number, [from, to]: readonly [number, number]): number | undefined {
  const points = Array.from({ length: 121 }, (_, i) => from * (to / from) ** (i / 120));
  const values = points.map(f);
  const at = values.findLastIndex((v, i) => i + 1 < values.length && v > 0 && values[i + 1]! <= 0);
  if (at < 0) return undefined;
  let [low, high] = [Math.log(points[at]!), Math.log(points[at + 1]!)];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (f(Math.exp(middle)) > 0) low = middle;
    else high = middle;
  }
  return Math.exp((low + high) / 2);
}
