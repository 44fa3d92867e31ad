/**
 * How fast an endpoint may be asked: requests at once, requests per minute and tokens per minute.
 *
 * The two rates are token buckets in their virtual scheduling form (the generic cell rate algorithm, ITU-T I.371): one
 * number each, the time before which nothing may start. There is no burst, so that no window of a minute sees more than
 * the limit and one request. "Too many" halves how many run at once, success adds one per round (additive increase,
 * multiplicative decrease; Chiu and Jain 1989), so that an unknown limit is found and shared.
 */
import type { Clock } from "./clock.ts";

export interface RateLimits {
  readonly concurrency: number;
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
}

export interface Slot {
  /** Ends the request. `used`: its tokens, where known; what was counted for it beyond them is given back. */
  release(used?: number): void;
  /** The endpoint said "too many"; nothing starts for `wait` milliseconds. Before `release`. */
  tooMany(wait: number): void;
}

export interface Rate {
  /** Waits for its turn, in order. @param tokens an upper bound. @throws the signal's reason */
  acquire(tokens: number, signal?: AbortSignal): Promise<Slot>;
  /** Requests at once that are allowed now. */
  limit(): number;
}

interface Waiting {
  readonly tokens: number;
  readonly start: (slot: Slot) => void;
}

const MINUTE = 60_000;

export function rateLimit({ concurrency, requestsPerMinute, tokensPerMinute }: RateLimits, clock: Clock): Rate {
  const perRequest = requestsPerMinute ? MINUTE / requestsPerMinute : 0;
  const perToken = tokensPerMinute ? MINUTE / tokensPerMinute : 0;
  const queue: Waiting[] = [];
  let limit = concurrency;
  let active = 0;
  /** Numbers the cuts: requests that started before the last one say nothing new about it. */
  let cuts = 0;
  let paused = 0;
  let nextRequest = 0;
  let nextTokens = 0;
  let timer: AbortController | undefined;

  const slotFor = (tokens: number): Slot => {
    const before = cuts;
    let cut = false;
    return {
      tooMany: (wait) => {
        cut = true;
        paused = Math.max(paused, clock.now() + wait);
        if (before !== cuts) return;
        cuts++;
        limit = Math.max(1, Math.floor(limit / 2));
      },
      release: (used) => {
        active--;
        if (used !== undefined) nextTokens -= perToken * (tokens - used);
        if (!cut) limit = Math.min(concurrency, limit + 1 / Math.floor(limit));
        pump();
      },
    };
  };

  function pump(): void {
    timer?.abort();
    timer = undefined;
    while (queue.length > 0 && active < Math.floor(limit)) {
      const now = clock.now();
      const at = Math.max(paused, perRequest && nextRequest, perToken && nextTokens);
      if (at > now) {
        wake(at - now);
        return;
      }
      const { tokens, start } = queue.shift()!;
      active++;
      nextRequest = Math.max(now, nextRequest) + perRequest;
      nextTokens = Math.max(now, nextTokens) + perToken * tokens;
      start(slotFor(tokens));
    }
  }

  function wake(milliseconds: number): void {
    const own = (timer = new AbortController());
    clock.sleep(milliseconds, own.signal).then(
      () => timer === own && pump(),
      () => {},
    );
  }

  return {
    limit: () => Math.floor(limit),
    acquire: (tokens, signal) =>
      new Promise((resolve, reject) => {
        const waiting: Waiting = {
          tokens,
          start: (slot) => {
            signal?.removeEventListener("abort", stop);
            resolve(slot);
          },
        };
        const stop = () => {
          signal?.removeEventListener("abort", stop);
          queue.splice(queue.indexOf(waiting), 1);
          pump();
          reject(signal?.reason);
        };
        if (signal?.aborted) return reject(signal.reason);
        signal?.addEventListener("abort", stop);
        queue.push(waiting);
        pump();
      }),
  };
}
