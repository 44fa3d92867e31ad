/**
 * The monitor of teacher hacking over the exams of one arm: held-out distances to the teacher while it learns.
 *
 * Alarms are told as they come. What the report says is read once more from the arm's whole log, because a run that was
 * killed and resumed has not heard its earlier exams; so both kinds of run say the same.
 */
import type { LessonEvent } from "../../teaching/events.ts";
import type { LessonLog } from "../../teaching/steps.ts";
import { type Alarm, hackingMonitor } from "../monitor/index.ts";

/** The exam's distance from the teacher. */
const PROXY = "klToTeacher";

export interface Watched {
  readonly stage: string;
  readonly steps: number;
  readonly batchSize: number;
  /** Rows of what the teacher or the student says, drawn anew. */
  readonly fresh: boolean;
  /** Different rows or prompts. */
  readonly prompts: number;
}

export interface HackingAlarm {
  readonly stage: string;
  readonly step: number;
  readonly stopAt: number;
  readonly message: string;
}

const monitorOf = ({ steps, fresh, prompts }: Watched) =>
  hackingMonitor({ steps, proxy: PROXY, data: { fresh, prompts } });

/** A student that says exactly what its teacher says has nothing to be judged by. */
const isApart = (metrics: Readonly<Record<string, number>>) => metrics[PROXY]! > 0;

const told = ({ stage }: Watched, { step, stopAt, explanation, cure }: Alarm): HackingAlarm => ({
  stage,
  step,
  stopAt,
  message: `${explanation} What helps: ${cure}`,
});

/** All alarms of a finished arm. */
export function alarmsIn(watched: Watched, { exams }: LessonLog): HackingAlarm[] {
  const monitor = monitorOf(watched);
  return exams.flatMap(({ examples, metrics }) => {
    if (!isApart(metrics)) return [];
    const alarm = monitor.hear({ type: "exam", step: examples / watched.batchSize, metrics });
    return alarm ? [told(watched, alarm)] : [];
  });
}

/** Passes events on, with a warning behind the exam that completes an alarm; the arm's alarms at its end. */
export async function* watch<T extends { readonly log: LessonLog }>(
  watched: Watched,
  arm: AsyncGenerator<LessonEvent, T>,
): AsyncGenerator<LessonEvent, { readonly trained: T; readonly alarms: readonly HackingAlarm[] }> {
  const monitor = monitorOf(watched);
  const raised = new Set<number>();
  const { stage } = watched;
  for (;;) {
    const next = await arm.next();
    if (next.done) {
      const alarms = alarmsIn(watched, next.value.log);
      for (const { step, message } of alarms) if (!raised.has(step)) yield { type: "warning", stage, message };
      return { trained: next.value, alarms };
    }
    yield next.value;
    if (next.value.type !== "exam" || !isApart(next.value.metrics)) continue;
    const alarm = monitor.hear(next.value);
    if (!alarm) continue;
    raised.add(alarm.step);
    yield { type: "warning", stage, message: told(watched, alarm).message };
  }
}
