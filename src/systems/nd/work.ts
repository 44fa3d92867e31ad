/** The work of a cell, by kind. */
import type { LessonEvent } from "../../teaching/events.ts";
import type { Bench, Outcome } from "../system.ts";
import type { NdOptions } from "./options.ts";
import type { Task } from "./plan.ts";
import { workStudent } from "./student-cell.ts";
import { workKnowledge, workTeacher } from "./teacher-cells.ts";

export async function* work(task: Task, bench: Bench<NdOptions>): AsyncGenerator<LessonEvent, Outcome> {
  if (task.kind === "teacher") return yield* workTeacher(bench, task.setting);
  if (task.kind === "knowledge") return yield* workKnowledge(bench, task.setting);
  return yield* workStudent(bench, task);
}
