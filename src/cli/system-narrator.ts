/** Tells a run of a system: finished cells leave a line, one live line says how far all of it is. */
import type { SystemEvent } from "../systems/events.ts";
import { duration, quantity } from "../teaching/report/format.ts";
import { definitionOf } from "../teaching/report/metrics.ts";
import { createProgress } from "./progress.ts";
import type { Terminal } from "./terminal.ts";

type Finished = Extract<SystemEvent, { type: "finished" }>;

export interface SystemNarrator {
  hear(event: SystemEvent): void;
  prepare(): void;
  say(line: string): void;
  readonly folder: () => string | undefined;
  readonly finished: () => Finished | undefined;
  close(): void;
}

export function createSystemNarrator(out: Terminal, now: () => number = () => performance.now()): SystemNarrator {
  const progress = createProgress(out, now);
  let run: Extract<SystemEvent, { type: "run" }> | undefined;
  let finished: Finished | undefined;
  /** Share that is done, of every cell at work. */
  const working = new Map<string, { begun: number; share: number; told: string }>();
  let done = 0;
  let start = 0;
  const update = (cell: string) => {
    const part = [...working.values()].reduce((sum, { share }) => sum + share, 0);
    const sofar = done - (run?.finished.length ?? 0) + part;
    const total = (run?.cells.length ?? 0) - (run?.finished.length ?? 0);
    // Before the first cell has got anywhere no pace is known.
    const left = sofar > 0.2 ? ((now() - start) / 1000 / sofar) * (total - sofar) : undefined;
    progress.update({
      stage: cell,
      done: done + part,
      total: run?.cells.length ?? 0,
      detail: `${done} of ${run?.cells.length} parts`,
      ...(left !== undefined && { left }),
    });
  };
  const hear = (event: SystemEvent): void => {
    if (event.type === "run") {
      run = event;
      done = event.finished.length;
      start = now();
      const side = event.jobs > 1 ? `, ${event.jobs} at once` : "";
      progress.say(`${event.title} on ${event.data}: ${event.cells.length} parts${side}, in ${event.folder}`);
      if (done > 0) progress.say(`${done} parts were finished before`);
    } else if (event.type === "cell") {
      if (event.state === "begins") working.set(event.cell, { begun: now(), share: 0, told: "" });
      else {
        const { begun, told } = working.get(event.cell)!;
        working.delete(event.cell);
        done++;
        progress.finish(event.cell, [told, duration((now() - begun) / 1000)].filter(Boolean).join(", "));
      }
    } else if (event.type === "within") {
      const { cell, event: inner } = event;
      const state = working.get(cell);
      if (!state) return;
      if (inner.type === "progress") state.share = (0.95 * inner.step) / inner.of;
      else if (inner.type === "working" && inner.of > 0)
        state.share = Math.max(state.share, (0.9 * inner.done) / inner.of);
      else if (inner.type === "exam") {
        const { accuracy } = inner.metrics;
        if (accuracy !== undefined) {
          const { label, unit } = definitionOf("accuracy");
          state.told = `${inner.on} ${label.toLowerCase()} ${quantity(accuracy, unit)}`;
        }
      } else if (inner.type === "warning") progress.say(`${out.paint("yellow", "warning")} ${cell}: ${inner.message}`);
      else if (inner.type === "note") progress.say(`${cell}: ${inner.message}`);
      update(cell);
    } else finished = event;
  };
  return {
    hear,
    prepare: () => progress.update({ stage: "preparing", done: 0, total: 0 }),
    say: progress.say,
    folder: () => run?.folder,
    finished: () => finished,
    close: progress.clear,
  };
}
