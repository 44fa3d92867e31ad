/**
 * Who does the cells: this process, one after the other, or several processes with a share of the processors each.
 * Small networks gain from it: two training steps side by side beat two threads inside each operation.
 */
import { type ChildProcess, fork } from "node:child_process";
import os from "node:os";
import { fileURLToPath } from "node:url";
import { fail } from "../errors.ts";
import { type PlainError, revive } from "../plain-error.ts";
import type { LessonEvent } from "../teaching/events.ts";
import { type Site, workCell } from "./cells.ts";
import type { Cell, System } from "./system.ts";

export interface Pool {
  /** Cells at once. */
  readonly size: number;
  /** `threads`: of each operation; this process keeps its own number. */
  work(cell: Cell, threads: number): AsyncGenerator<LessonEvent, void>;
  close(): void;
}

export function samePool(system: System<unknown, unknown>, options: unknown, plan: readonly Cell[], site: Site): Pool {
  return { size: 1, work: (cell) => workCell(system, options, plan, cell, site), close: () => {} };
}

/** What a process of the pool is told. */
export type ToWorker =
  | { readonly kind: "cell"; readonly job: WorkerJob; readonly cell: string; readonly threads: number }
  | { readonly kind: "stop" };
export interface WorkerJob {
  /** Module whose default export is the system. */
  readonly module: string;
  readonly options: unknown;
  readonly site: Pick<Site, "out" | "store" | "checkpointSeconds">;
}
export type FromWorker =
  | { readonly kind: "event"; readonly event: LessonEvent }
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly error: PlainError };

/** Processors that the pool may use. */
export const processors = (): number => Math.max(1, os.availableParallelism());

export function processPool(job: WorkerJob, size: number, signal?: AbortSignal): Pool {
  const idle: ChildProcess[] = [];
  const all = new Set<ChildProcess>();
  const fromSource = import.meta.url.endsWith(".ts");
  const file = new URL(fromSource ? "./worker.ts" : "./worker.js", import.meta.url);
  const open = (): ChildProcess => {
    const child = fork(fileURLToPath(file), [], {
      serialization: "advanced",
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      ...(fromSource && { execArgv: ["--import", import.meta.resolve("tsx")] }),
    });
    all.add(child);
    child.on("exit", () => all.delete(child));
    return child;
  };
  const stop = () => {
    for (const child of all) if (child.connected) child.send({ kind: "stop" } satisfies ToWorker, () => {});
  };
  signal?.addEventListener("abort", stop);
  return {
    size,
    async *work(cell, threads) {
      const child = idle.pop() ?? open();
      const inbox = inboxOf(child);
      try {
        child.send({ kind: "cell", job, cell: cell.id, threads } satisfies ToWorker, () => {});
        for (;;) {
          const message = await inbox.next();
          if (!message) {
            const how = child.signalCode ? `was ended by ${child.signalCode}` : `ended with status ${child.exitCode}`;
            fail(
              "E_WORKER",
              `The process that worked on "${cell.id}" ${how}.`,
              "Run the same command again: it goes on.",
            );
          }
          if (message.kind === "failed") throw revive(message.error);
          if (message.kind === "done") break;
          yield message.event;
        }
        idle.push(child);
      } finally {
        inbox.close();
      }
    },
    close() {
      signal?.removeEventListener("abort", stop);
      for (const child of all) child.kill("SIGKILL");
    },
  };
}

/** Messages of a process in order; undefined when it is gone. */
function inboxOf(child: ChildProcess) {
  const waiting: (FromWorker | undefined)[] = [];
  let wake = () => {};
  const push = (message: FromWorker | undefined) => {
    waiting.push(message);
    wake();
  };
  const onMessage = (message: FromWorker) => push(message);
  const onClose = () => push(undefined);
  child.on("message", onMessage).on("exit", onClose);
  return {
    async next(): Promise<FromWorker | undefined> {
      while (waiting.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return waiting.shift();
    },
    close: () => child.off("message", onMessage).off("exit", onClose),
  };
}
