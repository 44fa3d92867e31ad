/** What the roles of a run tell: who was promoted when, and how evenly. */

/** Share of the promotions that each student got within a stretch of iterations; they add up to 1. */
export function shares(roles: ArrayLike<number>, students: number, from = 0, to = roles.length): number[] {
  const counts = Array<number>(students).fill(0);
  for (let i = from; i < to; i++) counts[roles[i]!]!++;
  return counts.map((n) => n / Math.max(1, to - from));
}

/** `bins` equal stretches of the run: shares by student, `[bins][students]`. With fewer roles there are fewer bins. */
export function histogram(roles: ArrayLike<number>, students: number, bins: number): number[][] {
  const count = Math.min(bins, roles.length);
  const edge = (b: number) => Math.round((b * roles.length) / count);
  return Array.from({ length: count }, (_, b) => shares(roles, students, edge(b), edge(b + 1)));
}

/** -Σ p ln p, nats: 0 when always the same student is promoted, ln n when all are equally often. */
export function entropy(parts: readonly number[]): number {
  return parts.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0);
}

/**
 * How far promotions move towards larger networks: mean rank of the promoted (0 the smallest, 1 the largest) in the
 * last third minus that in the first third. `sizes` by student.
 */
export function shiftToLarger(roles: ArrayLike<number>, sizes: readonly number[]): number {
  if (sizes.length < 2) return 0;
  const order = sizes.map((_, i) => i).sort((a, b) => sizes[a]! - sizes[b]! || a - b);
  const rankOf = sizes.map((_, i) => order.indexOf(i) / (sizes.length - 1));
  const meanRank = (parts: readonly number[]) => parts.reduce((sum, p, i) => sum + p * rankOf[i]!, 0);
  const third = Math.max(1, Math.floor(roles.length / 3));
  const early = meanRank(shares(roles, sizes.length, 0, third));
  const late = meanRank(shares(roles, sizes.length, roles.length - third));
  return late - early;
}

/** Entropy of the promotions in the first third. */
export function earlyEntropy(roles: ArrayLike<number>, students: number): number {
  return entropy(shares(roles, students, 0, Math.max(1, Math.floor(roles.length / 3))));
}
