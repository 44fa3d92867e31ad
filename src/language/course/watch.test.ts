import { expect, test } from "vitest";
import type { LessonEvent } from "../../teaching/events.ts";
import type { LessonLog } from "../../teaching/steps.ts";
import { alarmsIn, watch } from "./watch.ts";

const watched = { stage: "student", steps: 1000, batchSize: 8, fresh: false, prompts: 64 };
/** Exams every 40 steps of a distance that falls by a power law, and from `turn` on rises. */
const curve = (turn: number): [number, number][] =>
  Array.from({ length: 25 }, (_, i) => {
    const step = 40 * (i + 1);
    return [step, step ** -0.5 * (step > turn ? 1 + (step - turn) / 300 : 1)];
  });
const logOf = (points: readonly [number, number][]): LessonLog => ({
  loss: [],
  window: [0, 0],
  exams: points.map(([step, value]) => ({ examples: 8 * step, metrics: { klToTeacher: value } })),
});

async function* arm(points: readonly [number, number][], from = 0): AsyncGenerator<LessonEvent, { log: LessonLog }> {
  for (const [step, value] of points.slice(from)) {
    yield { type: "exam", stage: "student", step, on: "validation", metrics: { klToTeacher: value } };
  }
  return { log: logOf(points) };
}

async function told(events: ReturnType<typeof watch>) {
  const warnings: string[] = [];
  let next = await events.next();
  for (; !next.done; next = await events.next()) if (next.value.type === "warning") warnings.push(next.value.message);
  return { warnings, alarms: next.value.alarms };
}

test("a student that turns away from its teacher raises one alarm, with a cure", async () => {
  const { warnings, alarms } = await told(watch(watched, arm(curve(600))));
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(/klToTeacher.*What helps: 1\. Draw new responses/s);
  expect(alarms).toEqual(alarmsIn(watched, logOf(curve(600))));
  expect(alarms[0]!.step).toBeGreaterThan(600);
});

test("a healthy one raises none, nor does one that equals its teacher", async () => {
  expect(await told(watch(watched, arm(curve(2000))))).toEqual({ warnings: [], alarms: [] });
  const equal = curve(2000).map(([step]): [number, number] => [step, 0]);
  expect(await told(watch(watched, arm(equal)))).toEqual({ warnings: [], alarms: [] });
});

test("a resumed arm, whose early exams nobody heard again, says the same at its end", async () => {
  const whole = await told(watch(watched, arm(curve(600))));
  expect(await told(watch(watched, arm(curve(600), 12)))).toEqual(whole);
});
