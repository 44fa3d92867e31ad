/** The lesson in a thread of its own: training occupies the thread it runs on, and a page must not stand still. */
import { type DigitsOptions, digitsLesson } from "./lesson.ts";

const scope = self as unknown as DedicatedWorkerGlobalScope;

addEventListener("message", async ({ data }: MessageEvent<DigitsOptions>) => {
  try {
    for await (const event of digitsLesson(data)) scope.postMessage(event);
  } catch (error) {
    scope.postMessage({ type: "failed", message: error instanceof Error ? error.message : String(error) });
  }
});
