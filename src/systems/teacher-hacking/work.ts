/** The work of a cell. */
import type { LessonEvent } from "../../teaching/events.ts";
import type { Bench, Outcome } from "../system.ts";
import type { Options } from "./options.ts";
import type { Task } from "./plan.ts";
import { stageOne } from "./stage-one.ts";
import { stageTwo } from "./stage-two.ts";

export function work(task: Task, bench: Bench<Options>): AsyncGenerator<LessonEvent, Outcome> {
  return task.kind === "stage one" ? stageOne(task, bench) : stageTwo(task, bench);
}
