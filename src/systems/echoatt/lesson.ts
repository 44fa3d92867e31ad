/** A lesson whose last event is its result: what generators pass on and hand back. */
import { type TaughtText, type TextLesson, teachText as teach } from "../../language/lesson/index.ts";
import type { StepsEvent } from "../../teaching/steps.ts";

export type { StepsEvent };

/** Passes the events on and returns what was taught. */
export async function* teachText(lesson: TextLesson): AsyncGenerator<StepsEvent, TaughtText> {
  for await (const event of teach(lesson)) {
    if (event.type === "taught") return event;
    yield event;
  }
  throw new Error("A lesson ended without its last event.");
}
