/**
 * Contiguous shares of a text or of a list: neighbouring text is alike, so random pieces would leak from one part into
 * another.
 */
import { fail } from "../../errors.ts";

/** From and to, as shares of the whole, 0..1. */
export type Share = readonly [number, number];

/** The customary shares: what lies between 0.8 and 0.9 is left for a test. */
export const CUSTOMARY_SHARES = { train: [0, 0.8], test: [0.8, 0.9], validation: [0.9, 1] } as const;

/**
 * Cuts anything with a length into named parts. Bounds are rounded down, so that parts that touch do not overlap.
 * @throws E_SHARES when a share is empty or not within 0..1, or when two overlap
 */
export function splitByShares<
  T extends { readonly length: number; slice(from: number, to: number): T },
  N extends string,
>(whole: T, shares: Readonly<Record<N, Share>>): Record<N, T> {
  const entries = Object.entries<Share>(shares);
  const sorted = [...entries].sort(([, a], [, b]) => a[0] - b[0]);
  sorted.forEach(([name, [from, to]], i) => {
    const before = sorted[i - 1];
    if (!(from >= 0 && to <= 1 && from < to)) {
      fail("E_SHARES", `The share of "${name}" is ${from} to ${to}.`, "Give two numbers with 0 <= from < to <= 1.");
    }
    if (before && before[1][1] > from) {
      fail("E_SHARES", `"${before[0]}" and "${name}" overlap.`, "What is trained on must not be judged with.");
    }
  });
  const bound = (share: number) => Math.floor(share * whole.length);
  const parts = entries.map(([name, [from, to]]) => {
    const part = whole.slice(bound(from), bound(to));
    if (part.length === 0) {
      fail(
        "E_SHARES",
        `"${name}" (${from} to ${to}) of ${whole.length} is empty.`,
        "Give more text or a larger share.",
      );
    }
    return [name, part] as const;
  });
  return Object.fromEntries(parts) as Record<N, T>;
}
