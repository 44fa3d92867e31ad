/** Asks until there is an answer, the failure is one that asking again cannot mend, or the tries are used up. */
import { fold, type Key, uniform } from "../../tensor/random.ts";
import type { Clock } from "./clock.ts";
import { FAILURES, type Failure } from "./failures.ts";

/** What a try comes to: anything with `ok`, or a failure. */
type Tried<T extends { readonly ok: true }> = T | { readonly ok: false; readonly failure: Failure };

export interface Patience {
  /** Tries after the first one. */
  readonly retries: number;
  /** Seconds: the first wait is drawn below it, each further one below twice the last. */
  readonly backoff: number;
}

/** No wait of our own is longer; what the endpoint asks for is obeyed as it is. */
const LONGEST = 60_000;

/**
 * Milliseconds before try `attempt` + 1: what the endpoint asks for, else exponential backoff with full jitter (Brooker,
 * "Exponential backoff and jitter", AWS 2015), so that requests which failed together do not come back together.
 */
export function waitFor({ retryAfter }: Failure, attempt: number, backoff: number, key: Key): number {
  if (retryAfter !== undefined) return retryAfter;
  return uniform(fold(key, attempt), 1)[0]! * Math.min(LONGEST, 1000 * backoff * 2 ** attempt);
}

/**
 * @param ask one try, numbered from 0
 * @param before told of a failure and the wait to come
 * @throws the signal's reason while waiting
 */
export async function persist<T extends { readonly ok: true }>(
  ask: (attempt: number) => Promise<Tried<T>>,
  { retries, backoff }: Patience,
  key: Key,
  clock: Clock,
  before: (failure: Failure, attempt: number, wait: number) => void = () => {},
  signal?: AbortSignal,
): Promise<Tried<T>> {
  for (let attempt = 0; ; attempt++) {
    const reply = await ask(attempt);
    if (reply.ok || FAILURES[reply.failure.kind].next !== "retry" || attempt >= retries) return reply;
    const wait = waitFor(reply.failure, attempt, backoff, key);
    before(reply.failure, attempt, wait);
    await clock.sleep(wait, signal);
  }
}
