/**
 * Latency: the median wall time of one forward pass on one example. The median, because one garbage collection or a
 * busy neighbour would decide a mean; the first calls are left out, because they pay for memory and clock speed. Models
 * that are compared take turns, so that a slow second of the machine meets all of them.
 */

/** Long enough for the scheduler to have moved threads that it had put in each other's way. */
const MILLISECONDS = 400;

/** Milliseconds of each. Every function runs one forward pass; 50 to 400 times each, as long as it takes. */
export async function medianLatencies(
  passes: readonly (() => Promise<unknown>)[],
  { warmUp = 10, runs }: { readonly warmUp?: number; readonly runs?: number } = {},
): Promise<number[]> {
  const times: number[][] = passes.map(() => []);
  const begin = performance.now();
  const enough = (done: number) =>
    runs === undefined ? done >= 400 || (done >= 50 && performance.now() - begin > MILLISECONDS) : done >= runs;
  for (let i = -warmUp; !enough(i); i++) {
    for (const [who, pass] of passes.entries()) {
      const start = performance.now();
      await pass();
      if (i >= 0) times[who]!.push(performance.now() - start);
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
