/**
 * Latency: the median wall time of one forward pass on one example. The median, because one garbage collection or a
 * busy neighbour would decide a mean; the first calls are left out, because they pay for memory and clock speed.
 */

/** Milliseconds. `once` runs one forward pass. */
export async function medianLatency(once: () => Promise<unknown>, { warmUp = 10, runs = 50 } = {}): Promise<number> {
  for (let i = 0; i < warmUp; i++) await once();
  const times: number[] = [];
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    await once();
    times.push(performance.now() - start);
  }
  return median(times);
}

/** Middle value; the mean of the two middle ones for an even number. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
