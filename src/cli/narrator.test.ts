import { expect, test } from "vitest";
import type { LessonEvent } from "../teaching/events.ts";
import { createNarrator } from "./narrator.ts";

function told(events: readonly LessonEvent[], live = false): string[] {
  const lines: string[] = [];
  let time = 0;
  const narrator = createNarrator(
    { write: (text) => lines.push(text), live, columns: () => 100, paint: (_, text) => text },
    () => (time += 1000),
  );
  for (const event of events) narrator.hear(event);
  return lines;
}

const started: LessonEvent = {
  type: "started",
  folder: "runs/a",
  data: "drawn-digits",
  teacher: "mlp-large",
  student: "mlp-small",
  seeds: [1],
  stages: ["teacher", "student"],
};

test("a lesson is told by its beginning and one line per stage", () => {
  expect(
    told([
      started,
      { type: "stage", stage: "teacher", state: "was finished" },
      { type: "stage", stage: "student", state: "resumes" },
      {
        type: "progress",
        stage: "student",
        step: 30,
        of: 100,
        loss: 0.25,
        parts: {},
        examplesPerSecond: 5000,
        secondsLeft: 12,
      },
      { type: "exam", stage: "student", step: 100, on: "validation", metrics: { accuracy: 0.912, crossEntropy: 0.3 } },
      { type: "stage", stage: "student", state: "ends" },
    ]),
  ).toEqual([
    "mlp-large teaches mlp-small on drawn-digits, seed 1, in runs/a\n",
    "✓ teacher                    was finished before\n",
    "student goes on from its checkpoint\n",
    "student: 30 %, 2 of 2, loss 0.250, 5 k examples/s, 12 s left\n",
    "✓ student                    validation accuracy 91.2 %, cross-entropy 0.300 nats, 2.0 s\n",
  ]);
});

test("warnings and notes are lines of their own", () => {
  expect(
    told([
      { type: "warning", stage: "teacher", message: "The loss grows." },
      { type: "note", stage: "teacher", message: "Found in the store." },
    ]),
  ).toEqual(["warning teacher: The loss grows.\n", "teacher: Found in the store.\n"]);
});
