/**
 * Drawing tokens from rows that the graph has computed. The exponentials are the graph's (threaded, vectorised); cutting
 * and drawing happen here, where one number per token decides: Gumbel noise in the graph would take one number per entry
 * of the vocabulary, and sorting all of it for a cut costs more than looking for the few that stay.
 */
import { type Key, random } from "../../tensor/index.ts";
import type { Sampling, TokenScore } from "./contract.ts";

/** What logits are multiplied with before they are drawn from; bounded, so that products stay finite. */
export const inverseTemperature = ({ temperature }: Sampling): number =>
  temperature === 0 ? 1 : Math.min(1 / temperature, 1e30);

/** Index of the largest; of equals the first. */
export function argmax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

/** Indices of the k largest, best first; of equals the first. `from`: only values at least this large. */
export function largest(values: Float32Array, k: number, from = Number.NEGATIVE_INFINITY): number[] {
  const found: number[] = [];
  if (k > values.length / 8) {
    for (let i = 0; i < values.length; i++) if (values[i]! >= from) found.push(i);
    return found.sort((a, b) => values[b]! - values[a]! || a - b).slice(0, k);
  }
  // A sorted list: most values are smaller than its last, the more so the more have been seen.
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value < from || (found.length === k && value <= values[found[k - 1]!]!)) continue;
    let place = found.length;
    while (place > 0 && values[found[place - 1]!]! < value) place--;
    found.splice(place, 0, i);
    if (found.length > k) found.pop();
  }
  return found;
}

/** Uniform in [0, 1) with 53 bits, for one draw of a sequence. */
function uniform(key: Key, draw: number): number {
  const [high, low] = random.fold(key, draw);
  return (high * 2 ** 21 + (low >>> 11)) * 2 ** -53;
}

/**
 * A token of one row. `probabilities` is softmax(logits / temperature) (not read at temperature 0); they need not sum to
 * exactly 1. The same key and draw give the same token.
 */
export function drawToken(
  logits: Float32Array,
  probabilities: Float32Array,
  { temperature, topK, topP }: Sampling,
  key: Key,
  draw: number,
): number {
  if (temperature === 0 || topK === 1) return argmax(logits);
  const share = uniform(key, draw);
  const kept = topK > 0 || topP < 1 ? nucleus(probabilities, topK, topP) : undefined;
  let total = 0;
  if (kept) for (const i of kept) total += probabilities[i]!;
  else for (let i = 0; i < probabilities.length; i++) total += probabilities[i]!;
  const target = share * total;
  let sum = 0;
  let token = 0;
  const count = kept?.length ?? probabilities.length;
  for (let j = 0; j < count; j++) {
    const i = kept ? kept[j]! : j;
    const p = probabilities[i]!;
    if (p === 0) continue;
    token = i;
    sum += p;
    if (sum > target) break;
  }
  return token;
}

/** Tokens that survive both cuts, likeliest first: the k likeliest, then of these the fewest that hold a share of p. */
export function nucleus(probabilities: Float32Array, topK: number, topP: number): number[] {
  const size = probabilities.length;
  // Whatever is less likely than this cannot be among the first p: all that are no likelier hold less than 1 - p. Half of
  // it leaves room for rounding.
  const from = topK === 0 ? (0.5 * (1 - topP)) / size : 0;
  const sorted = largest(probabilities, topK === 0 ? size : Math.min(topK, size), from);
  if (topP >= 1) return sorted;
  let total = 0;
  if (topK === 0) for (let i = 0; i < size; i++) total += probabilities[i]!;
  else for (const i of sorted) total += probabilities[i]!;
  let before = 0;
  const end = sorted.findIndex((i) => {
    if (before >= topP * total) return true;
    before += probabilities[i]!;
    return false;
  });
  return end < 0 ? sorted : sorted.slice(0, Math.max(1, end));
}

/** The likeliest tokens with the model's own log-probabilities. */
export function alternativesOf(logits: Float32Array, normaliser: number, count: number): TokenScore[] {
  return count === 0
    ? []
    : largest(logits, count).map((token) => ({ token, logProbability: logits[token]! - normaliser }));
}
