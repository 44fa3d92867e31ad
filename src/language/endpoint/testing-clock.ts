/** A clock for tests: time passes when the test says so, and whoever sleeps wakes in order. */
import type { Clock } from "./clock.ts";

export function testClock(): Clock & { advance(milliseconds: number): Promise<void>; readonly slept: number[] } {
  let time = 1_000_000;
  const slept: number[] = [];
  let sleepers: { at: number; wake: () => void }[] = [];
  return {
    now: () => time,
    slept,
    sleep: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        slept.push(milliseconds);
        const sleeper = { at: time + milliseconds, wake: resolve };
        sleepers.push(sleeper);
        signal?.addEventListener("abort", () => {
          sleepers = sleepers.filter((one) => one !== sleeper);
          reject(signal.reason);
        });
      }),
    advance: async (milliseconds) => {
      const end = time + milliseconds;
      for (;;) {
        // Everything that follows from the last waking happens before the next.
        await new Promise((go) => setImmediate(go));
        const next = sleepers.sort((a, b) => a.at - b.at)[0];
        if (!next || next.at > end) break;
        sleepers.shift();
        time = Math.max(time, next.at);
        next.wake();
      }
      time = end;
    },
  };
}
