/**
 * Latency: the median wall time of one forward pass on one example. The median, because one garbage collection or a
 * busy neighbour would decide a mean. Models that are compared take turns, so that a slow second of the machine meets all of
 * them.
 */

/** Passes of a turn, and those of them that do not count: the threads of whoever had its turn before still wait for work. */
const TURN = 8;
const SETTLING = 3;
const MILLISECONDS = 400;

/** Milliseconds of each. Every function runs one forward pass; in 10 to 60 turns, as long as it takes. */
export async function medianLatencies(
  passes: readonly (() => Promise<unknown>)[],
  { turns }: { readonly turns?: number } = {},
): Promise<number[]> {
  const times: number[][] = passes.map(() => []);
  const begin = performance.now();
  const enough = (done: number) =>
    turns === undefined ? done >= 60 || (done >= 10 && performance.now() - begin > MILLISECONDS) : done >= turns;
  // The first turn pays for memory and clock speed.
  for (let turn = -1; !enough(turn); turn++) {
    for (const [who, pass] of passes.entries()) {
      for (let i = 0; i < TURN; i++) {
        const start = performance.now();
        await pass();
        if (turn >= 0 && i >= SETTLING) times[who]!.push(performance.now() - start);
      }
    }
  }
  return times.map(median);
}

/** Middle value; the mean of the two middle ones for an even number. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
