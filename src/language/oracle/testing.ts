/** Helpers of the oracle tests. */

/** Pearson's statistic of drawn tokens against one distribution; tokens expected less than 5 times are one class. */
export function chiSquare(drawn: ArrayLike<number>, p: Float64Array): number {
  const n = drawn.length;
  const counts = new Float64Array(p.length);
  for (let i = 0; i < n; i++) counts[drawn[i]!]!++;
  let statistic = 0;
  let rareSeen = 0;
  let rareExpected = 0;
  for (let v = 0; v < p.length; v++) {
    const expected = n * p[v]!;
    if (expected >= 5) statistic += (counts[v]! - expected) ** 2 / expected;
    else {
      rareSeen += counts[v]!;
      rareExpected += expected;
    }
  }
  if (rareExpected > 0) statistic += (rareSeen - rareExpected) ** 2 / rareExpected;
  return statistic;
}
