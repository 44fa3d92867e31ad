/** The lesson in a thread of its own: training occupies the thread it runs on, and a page must not stand still. */
import { type DigitsEvent, type DigitsOptions, digitsLesson } from "./lesson.ts";

/** What the page hears. */
export type News = DigitsEvent | { readonly type: "failed"; readonly message: string };

addEventListener("message", async ({ data }: MessageEvent<DigitsOptions>) => {
  try {
    for await (const event of digitsLesson(data)) postMessage(event);
  } catch (error) {
    postMessage({ type: "failed", message: error instanceof Error ? error.message : String(error) } satisfies News);
  }
});
