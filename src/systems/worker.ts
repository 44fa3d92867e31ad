/** A process of the pool: does cells as it is told, tells what happens, goes when the other side goes. */
import { flatten } from "../plain-error.ts";
import { workCell } from "./cells.ts";
import type { FromWorker, ToWorker, WorkerJob } from "./pool.ts";
import { loadSystem } from "./registry.ts";

const BREATH_MS = 25;
const stop = new AbortController();
// Ctrl-C reaches every process of a terminal; the parent says when to stop.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => {});
process.on("disconnect", () => process.exit());

const tell = (message: FromWorker) => {
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
};

process.on("message", (message: ToWorker) => {
  if (message.kind === "stop") {
    stop.abort();
    return;
  }
  // Read when a program is compiled.
  process.env.LYCEUM_THREADS = String(message.threads);
  work(message.job, message.cell).then(
    () => tell({ kind: "done" }),
    (error: unknown) => tell({ kind: "failed", error: flatten(error) }),
  );
});

async function work({ module, options, site }: WorkerJob, id: string): Promise<void> {
  const { system } = await loadSystem(module);
  const plan = system.plan(options);
  const cell = plan.find((c) => c.id === id)!;
  let breath = performance.now();
  for await (const event of workCell(system, options, plan, cell, { ...site, own: {}, signal: stop.signal })) {
    tell({ kind: "event", event });
    if (performance.now() - breath < BREATH_MS) continue;
    // Promises alone never let the message queue run.
    await new Promise(setImmediate);
    breath = performance.now();
  }
}
