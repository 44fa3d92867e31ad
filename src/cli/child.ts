/**
 * The process that computes. ONNX Runtime blocks the thread it runs on, so the work has a process of its own and the
 * one that the user looks at stays free.
 *
 * Ctrl-C reaches both processes of a terminal: this one ignores it and waits to be told, so that it stops between two
 * steps with its checkpoint written. When the other side disappears, it goes, too.
 */

import { flatten } from "../plain-error.ts";
import { type Job, startJob } from "./jobs.ts";
import type { FromChild, ToChild } from "./messages.ts";

type Events = ReturnType<typeof startJob> extends AsyncIterable<infer E> ? E : never;
/** The longest time for which messages may wait behind the work, ms. */
const BREATH_MS = 25;

const tell = (message: FromChild<Events>) =>
  new Promise<void>((resolve) => {
    if (process.connected) process.send?.(message, undefined, undefined, () => resolve());
    else resolve();
  });

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => {});
process.on("disconnect", () => process.exit());
process.on("message", (message: ToChild<Job>) => {
  if (message.kind === "stop") stop.abort();
  else void work(message.job).finally(() => process.disconnect?.());
});
void tell({ kind: "ready" });

async function work(job: Job): Promise<void> {
  try {
    let breath = performance.now();
    for await (const event of startJob(job, stop.signal)) {
      void tell({ kind: "event", event });
      if (performance.now() - breath < BREATH_MS) continue;
      // Promises alone never let the message queue run.
      await new Promise(setImmediate);
      breath = performance.now();
    }
    await tell(stop.signal.aborted ? { kind: "stopped" } : { kind: "done" });
  } catch (error) {
    await tell(stop.signal.aborted ? { kind: "stopped" } : { kind: "failed", error: flatten(error) });
  }
}
