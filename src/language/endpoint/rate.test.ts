import { expect, test } from "vitest";
import { type RateLimits, rateLimit, type Slot } from "./rate.ts";
import { testClock } from "./testing-clock.ts";

/** Starts of `count` requests of `tokens` tokens and `duration` milliseconds, in seconds from the beginning. */
async function starts(limits: RateLimits, count: number, tokens: number, duration: number, used?: number) {
  const clock = testClock();
  const begin = clock.now();
  const rate = rateLimit(limits, clock);
  const at: number[] = [];
  let running = 0;
  let most = 0;
  for (let i = 0; i < count; i++) {
    void rate.acquire(tokens).then(async (slot) => {
      at.push((clock.now() - begin) / 1000);
      most = Math.max(most, ++running);
      await clock.sleep(duration);
      running--;
      slot.release(used);
    });
  }
  await clock.advance(3_600_000);
  expect(at.length).toBe(count);
  return { at, most };
}

test("no more at once than allowed", async () => {
  const { at, most } = await starts({ concurrency: 3 }, 9, 1, 1000);
  expect(most).toBe(3);
  expect(at).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2]);
});

test("requests per minute are spaced evenly: no window holds more than the limit and one", async () => {
  const { at } = await starts({ concurrency: 50, requestsPerMinute: 30 }, 100, 1, 10);
  expect(at).toEqual(Array.from({ length: 100 }, (_, i) => 2 * i));
});

test("tokens per minute: by the bound, and what was not used is given back", async () => {
  const bound = await starts({ concurrency: 50, tokensPerMinute: 6000 }, 5, 1000, 10);
  expect(bound.at.map((t) => Math.round(t))).toEqual([0, 10, 20, 30, 40]);
  const used = await starts({ concurrency: 50, tokensPerMinute: 6000 }, 5, 1000, 10, 100);
  // 100 tokens are a second.
  expect(used.at.map((t) => Math.round(t))).toEqual([0, 1, 2, 3, 4]);
});

test("a request larger than a whole minute's tokens still starts", async () => {
  const { at } = await starts({ concurrency: 2, tokensPerMinute: 60 }, 2, 120, 10);
  expect(at).toEqual([0, 120]);
});

test("too many: half at once, once for all that were in flight, nothing before Retry-After, then up again", async () => {
  const clock = testClock();
  const rate = rateLimit({ concurrency: 8 }, clock);
  const slots: Slot[] = [];
  const take = async () => {
    void rate.acquire(1).then((slot) => slots.push(slot));
    await clock.advance(0);
  };
  for (let i = 0; i < 8; i++) await take();
  for (const slot of slots.splice(0, 4)) {
    slot.tooMany(5000);
    slot.release(0);
  }
  expect(rate.limit()).toBe(4);
  for (const slot of slots.splice(0)) slot.release(1);
  // Four successes at a limit of four add one.
  expect(rate.limit()).toBe(5);
  await take();
  await clock.advance(4999);
  expect(slots.length).toBe(0);
  await clock.advance(1);
  expect(slots.length).toBe(1);
  slots[0]!.tooMany(0);
  slots[0]!.release();
  expect(rate.limit()).toBe(2);
  for (let cut = 0; cut < 3; cut++) {
    slots.length = 0;
    await take();
    slots[0]!.tooMany(0);
    slots[0]!.release();
  }
  expect(rate.limit()).toBe(1);
  for (let i = 0; i < 100; i++) {
    slots.length = 0;
    await take();
    slots[0]!.release(1);
  }
  expect(rate.limit()).toBe(8);
});

test("who waits can leave, and the next one moves up", async () => {
  const clock = testClock();
  const rate = rateLimit({ concurrency: 1 }, clock);
  const first = await rate.acquire(1);
  const leave = new AbortController();
  const second = rate.acquire(1, leave.signal);
  const third = rate.acquire(1);
  leave.abort(new Error("left"));
  await expect(second).rejects.toThrow("left");
  first.release();
  (await third).release();
  await expect(rate.acquire(1, AbortSignal.abort(new Error("late")))).rejects.toThrow("late");
});
