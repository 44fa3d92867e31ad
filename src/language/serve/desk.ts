/**
 * Who is being served: how many answers at once, and when a client is gone.
 *
 * A place is an answer, not a request, because ten answers to one request cost as much as ten requests. A client is gone
 * when its connection closes before its response is finished; its answers are aborted, and their places are free again.
 */
import type { ServerResponse } from "node:http";
import { ApiError } from "./failures.ts";

export interface Visit {
  /** Aborts when the client is gone or the server stops. */
  readonly signal: AbortSignal;
  /** Gives the places back; may be called again. */
  leave(): void;
  /** Ends the connection of a client that does not read. */
  drop(): void;
}

export interface Desk {
  /** @throws ApiError 429 when there is no place, 503 when the server stops, 400 for more than all places */
  enter(outgoing: ServerResponse, answers: number): Visit;
  /** Lets nobody in any more; resolves when the last response is sent. */
  drain(): Promise<void>;
  abort(): void;
}

export function openDesk(places: number): Desk {
  let taken = 0;
  let open = true;
  const visitors = new Map<ServerResponse, AbortController>();
  let drained = () => {};

  return {
    enter(outgoing, answers) {
      if (!open) throw new ApiError(503, "The server is stopping.", { headers: { "Retry-After": "5" } });
      if (answers > places) {
        throw new ApiError(400, `The request asks for ${answers} answers, but the server gives ${places} at once.`);
      }
      if (taken + answers > places) {
        throw new ApiError(429, `All ${places} places of the server are taken. Ask again later.`, {
          code: "rate_limit_exceeded",
          headers: { "Retry-After": "1" },
        });
      }
      const controller = new AbortController();
      const gone = () => {
        visitors.delete(outgoing);
        if (!outgoing.writableFinished) controller.abort();
        if (visitors.size === 0) drained();
      };
      taken += answers;
      visitors.set(outgoing, controller);
      // Comes for responses that were sent as well.
      if (outgoing.destroyed) gone();
      else outgoing.once("close", gone);
      let inside = true;
      return {
        signal: controller.signal,
        leave() {
          if (inside) taken -= answers;
          inside = false;
        },
        drop: () => outgoing.destroy(),
      };
    },
    drain() {
      open = false;
      return new Promise((resolve) => {
        drained = resolve;
        if (visitors.size === 0) resolve();
      });
    },
    abort() {
      for (const controller of visitors.values()) controller.abort();
    },
  };
}
