/**
 * Runs a job in a process of its own and hands its events on; errors come back as if the work had been done here.
 *
 * The first Ctrl-C asks the job to stop after its current step, the second ends it at once; either way the last
 * checkpoint is in the run folder.
 */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { fail } from "../errors.ts";
import { revive } from "../plain-error.ts";
import { Interrupted } from "./interrupted.ts";
import type { FromChild, ToChild } from "./messages.ts";

export interface WorkOptions<Event> {
  readonly onEvent: (event: Event) => void;
  /** A word to the user while the work goes on. */
  readonly say: (line: string) => void;
  /** How to go on after an interruption; asked when it happens, because the run folder is only known then. */
  readonly howToResume: () => string;
  /** The module to run, for tests. */
  readonly module?: URL;
}

/** Bytes of the child's own output that are kept for a bug report. */
const KEPT = 4000;

/** @throws Interrupted, E_WORKER when the process ended without a word, and whatever the job threw */
export async function runJob<Job extends object, Event>(job: Job, options: WorkOptions<Event>): Promise<void> {
  const { onEvent, say, howToResume } = options;
  const file = import.meta.url.endsWith(".ts") ? "./child.ts" : "./child.js";
  const child = fork(fileURLToPath(options.module ?? new URL(file, import.meta.url)), [], {
    serialization: "advanced",
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const output = collectOutput(child);
  let interrupts = 0;
  const interrupt = () => {
    interrupts++;
    if (interrupts > 1) child.kill("SIGKILL");
    else {
      say("Stopping after this step. Press Ctrl-C again to stop at once.");
      send(child, { kind: "stop" });
    }
  };
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  try {
    const last = await conversation<Job, Event>(child, job, onEvent);
    if (last?.kind === "failed") throw revive(last.error);
    if (last?.kind === "done") return;
    if (interrupts > 0) throw new Interrupted(`Interrupted. ${howToResume()}`);
    const ending = child.signalCode ? `was ended by ${child.signalCode}` : `ended with status ${child.exitCode}`;
    const memory = child.signalCode === "SIGKILL" ? " Often that is the system running out of memory." : "";
    fail(
      "E_WORKER",
      `The process that computes ${ending}.${memory}${process.env.LYCEUM_DEBUG ? `\n${output()}` : ""}`,
      howToResume(),
    );
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
    if (child.exitCode === null) child.kill("SIGKILL");
  }
}

/** The last message of the child, or nothing if it ended without one. */
function conversation<Job, Event>(
  child: ChildProcess,
  job: Job,
  onEvent: (event: Event) => void,
): Promise<Exclude<FromChild<Event>, { kind: "ready" | "event" }> | undefined> {
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    // Not "exit": messages may still be on their way then.
    child.on("close", () => resolve(undefined));
    child.on("message", (message: FromChild<Event>) => {
      if (message.kind === "ready") send(child, { kind: "start", job });
      else if (message.kind === "event") {
        try {
          onEvent(message.event);
        } catch (error) {
          reject(error);
        }
      } else resolve(message);
    });
  });
}

function send<Job>(child: ChildProcess, message: ToChild<Job>): void {
  // A child that has just ended is noticed by its exit, not by a failing send.
  if (child.connected) child.send(message as object, () => {});
}

/** The child's own output is noise to a user, except what Lyceum itself says there. */
function collectOutput(child: ChildProcess): () => string {
  let kept = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      kept = (kept + text).slice(-KEPT);
      for (const line of text.split("\n")) if (line.startsWith("lyceum: ")) process.stderr.write(`${line}\n`);
    });
  }
  return () => kept;
}
