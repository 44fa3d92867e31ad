/** The work of a cell: a run of training, or a pair of the mapping problem. */
import type { LessonEvent } from "../../teaching/events.ts";
import type { Bench, Outcome } from "../system.ts";
import { workGap } from "./mapping.ts";
import type { Options } from "./options.ts";
import type { Task } from "./sweep.ts";
import { train } from "./train.ts";

export function work(task: Task, bench: Bench<Options>): AsyncGenerator<LessonEvent, Outcome> {
  return task.kind === "gap" ? workGap(task, bench) : train(task, bench);
}
