// Preloaded into the command line: how long its event loop was deaf at worst. Milliseconds, written when it ends.
// "whole" counts from the start, module loading included; "talking" from the first line that a user saw.
import { writeFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";

const RESOLUTION = 2;
// The process that computes inherits this file; it has a parent to talk to, and is not the one in question.
if (process.env.LYCEUM_BENCH_LOOP && !process.send) {
  const [whole, talking] = [0, 0].map(() => monitorEventLoopDelay({ resolution: RESOLUTION }));
  whole.enable();
  const write = process.stderr.write;
  process.stderr.write = function (...args) {
    process.stderr.write = write;
    talking.enable();
    return write.apply(this, args);
  };
  process.on("exit", () => {
    // The histogram holds times between two ticks of the timer.
    const worst = (h) => (h.count ? h.max / 1e6 - RESOLUTION : null);
    const report = { whole: worst(whole), talking: worst(talking), p99: talking.percentile(99) / 1e6 - RESOLUTION };
    writeFileSync(process.env.LYCEUM_BENCH_LOOP, JSON.stringify(report));
  });
}
