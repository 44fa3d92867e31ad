/** Tells a lesson on a terminal or in a log: events in, lines out. Keeps what the end of the run needs. */

import type { LessonEvent } from "../teaching/events.ts";
import { duration, quantity } from "../teaching/report/format.ts";
import { definitionOf } from "../teaching/report/metrics.ts";
import { createProgress } from "./progress.ts";
import type { Terminal } from "./terminal.ts";

type Finished = Extract<LessonEvent, { type: "finished" }>;

export interface Narrator {
  hear(event: LessonEvent): void;
  /** Before the first event: the process starts, data are read. */
  prepare(): void;
  say(line: string): void;
  /** The run folder, once known. */
  readonly folder: () => string | undefined;
  readonly finished: () => Finished | undefined;
  /** Takes the live line away: to be called before anything else is written. */
  close(): void;
}

/** Metrics worth a place in the line of a finished stage, in this order. */
const TOLD = ["accuracy", "agreement", "crossEntropy"];

export function createNarrator(out: Terminal, now: () => number = () => performance.now()): Narrator {
  const progress = createProgress(out, now);
  let folder: string | undefined;
  let finished: Finished | undefined;
  let stages: readonly string[] = [];
  const begun = new Map<string, number>();
  const exams = new Map<string, string>();
  const place = (stage: string) => {
    const index = stages.indexOf(stage);
    return index < 0 ? {} : { detail: `${index + 1} of ${stages.length}` };
  };
  const end = (stage: string) => {
    const from = begun.get(stage);
    const time = from === undefined ? [] : [duration((now() - from) / 1000)];
    progress.finish(stage, [exams.get(stage), ...time].filter(Boolean).join(", "));
  };
  const tell: { [T in LessonEvent["type"]]: (event: Extract<LessonEvent, { type: T }>) => void } = {
    started: (event) => {
      ({ folder, stages } = event);
      const seeds = event.seeds.length > 1 ? `${event.seeds.length} seeds` : `seed ${event.seeds[0]}`;
      progress.say(`${event.teacher} teaches ${event.student} on ${event.data}, ${seeds}, in ${event.folder}`);
    },
    stage: ({ stage, state }) => {
      if (state === "begins" || state === "resumes") begun.set(stage, now());
      if (state === "resumes") progress.say(`${stage} goes on from its checkpoint`);
      if (state === "was finished") progress.finish(stage, "was finished before");
      if (state === "ends") end(stage);
    },
    progress: ({ stage, step, of, loss, examplesPerSecond, secondsLeft }) =>
      progress.update({
        stage,
        done: step,
        total: of,
        loss,
        rate: examplesPerSecond,
        left: secondsLeft,
        ...place(stage),
      }),
    working: ({ stage, done, of }) => progress.update({ stage, done, total: of, ...place(stage) }),
    exam: ({ stage, on, metrics }) => {
      const told = TOLD.filter((name) => metrics[name] !== undefined).slice(0, 2);
      const words = told.map((name) => {
        const { label, unit } = definitionOf(name);
        return `${label.toLowerCase()} ${quantity(metrics[name]!, unit)}`;
      });
      if (words.length > 0) exams.set(stage, `${on} ${words.join(", ")}`);
    },
    checkpoint: () => {},
    warning: ({ stage, message }) => progress.say(`${out.paint("yellow", "warning")} ${stage}: ${message}`),
    note: ({ stage, message }) => progress.say(`${stage}: ${message}`),
    finished: (event) => {
      finished = event;
    },
  };
  return {
    hear: (event) => (tell[event.type] as (event: LessonEvent) => void)(event),
    prepare: () => progress.update({ stage: "preparing", done: 0, total: 0 }),
    say: progress.say,
    folder: () => folder,
    finished: () => finished,
    close: progress.clear,
  };
}
