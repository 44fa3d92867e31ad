/** One signal for "too long" and "stop", which remembers which of the two it was. */
export interface Deadline {
  readonly signal: AbortSignal;
  ended(): "timeout" | "stopped" | undefined;
  /** Must be called: a listener on a signal that lives for a whole job would otherwise stay for each request. */
  clear(): void;
}

/** @param seconds until the signal aborts */
export function deadline(seconds: number, outer?: AbortSignal): Deadline {
  const own = new AbortController();
  let ended: "timeout" | "stopped" | undefined;
  const end = (why: "timeout" | "stopped") => {
    ended ??= why;
    own.abort();
  };
  const stop = () => end("stopped");
  const timer = setTimeout(() => end("timeout"), 1000 * seconds);
  if (outer?.aborted) stop();
  outer?.addEventListener("abort", stop);
  return {
    signal: own.signal,
    ended: () => ended,
    clear: () => {
      clearTimeout(timer);
      outer?.removeEventListener("abort", stop);
    },
  };
}
