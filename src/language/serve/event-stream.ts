/**
 * Chunks as server-sent events. The next chunk is made when the connection asks for it, so a slow client slows its own
 * answer and nothing piles up; one that reads nothing for a minute loses its place.
 */
import type { Visit } from "./desk.ts";
import { apiError } from "./failures.ts";

const STALLED = 60_000;
const encoder = new TextEncoder();
const event = (data: string) => encoder.encode(`data: ${data}\n\n`);

/** No proxy may collect or keep the events. */
export const EVENT_HEADERS = {
  "Content-Type": "text/event-stream; charset=utf-8",
  "Cache-Control": "no-store",
  "X-Accel-Buffering": "no",
};

/**
 * The body of a response in chunks; resolves when the first chunk is there.
 * @param failed told of every error that the client reads in the stream
 * @throws what the first chunk throws
 */
export async function eventStream(
  chunks: AsyncGenerator<object>,
  visit: Visit,
  failed: (error: unknown) => void,
  stalled = STALLED,
): Promise<ReadableStream<Uint8Array>> {
  let ahead: IteratorResult<object> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let cancelled = false;
  try {
    ahead = await chunks.next();
  } catch (error) {
    visit.leave();
    throw error;
  }
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      clearTimeout(timer);
      let last = true;
      let data: string;
      try {
        const step = ahead ?? (await chunks.next());
        ahead = undefined;
        last = step.done === true;
        data = last ? "[DONE]" : JSON.stringify(step.value);
      } catch (error) {
        if (!cancelled) failed(error);
        data = JSON.stringify(apiError(error).body);
      }
      if (last) visit.leave();
      if (cancelled) return;
      controller.enqueue(event(data));
      if (last) controller.close();
      else timer = setTimeout(visit.drop, stalled).unref();
    },
    // The signal has aborted the answers already: it fires when the connection closes.
    async cancel() {
      cancelled = true;
      clearTimeout(timer);
      try {
        await chunks.return(undefined);
      } finally {
        visit.leave();
      }
    },
  });
}
