import { expect, test } from "vitest";
import { fold, key } from "../../tensor/random.ts";
import type { Failure } from "./failures.ts";
import { itemsFromLines } from "./items.ts";
import { persist, waitFor } from "./persist.ts";
import { testClock } from "./testing-clock.ts";

const failure = (more: Partial<Failure> = {}): Failure => ({
  kind: "server error",
  message: "",
  billed: "no",
  ...more,
});

test("waits: full jitter below a doubling limit of at most a minute, by key", () => {
  const waits = (attempt: number) =>
    Array.from({ length: 400 }, (_, i) => waitFor(failure(), attempt, 1, fold(key(1), i)));
  for (const [attempt, limit] of [0, 1, 2, 3, 9, 30].map((a) => [a, Math.min(60_000, 1000 * 2 ** a)] as const)) {
    const drawn = waits(attempt);
    expect(Math.max(...drawn)).toBeLessThan(limit);
    // Uniform: the mean of 400 has a standard error of limit / sqrt(12 * 400) = 0.0144 limit; 4 of them.
    expect(Math.abs(drawn.reduce((a, b) => a + b) / 400 - limit / 2)).toBeLessThan(0.058 * limit);
  }
  expect(waitFor(failure({ retryAfter: 90_000 }), 0, 1, key(1))).toBe(90_000);
  expect(waitFor(failure(), 2, 1, key(5))).toBe(waitFor(failure(), 2, 1, key(5)));
});

test("asks again until the answer, the end of the tries, or a failure that stays", async () => {
  const clock = testClock();
  const run = async (replies: (Failure | "answer")[]) => {
    let asked = 0;
    const told: number[] = [];
    const done = persist(
      async (attempt) => {
        expect(attempt).toBe(asked);
        const reply = replies[asked++]!;
        return reply === "answer" ? { ok: true } : { ok: false, failure: reply };
      },
      { retries: 2, backoff: 1 },
      key(1),
      clock,
      (_, attempt) => told.push(attempt),
    );
    await clock.advance(200_000);
    return { ok: (await done).ok, asked, told };
  };
  const bad = failure();
  expect(await run([bad, bad, "answer"])).toEqual({ ok: true, asked: 3, told: [0, 1] });
  expect(await run([bad, bad, bad, "answer"])).toEqual({ ok: false, asked: 3, told: [0, 1] });
  expect(await run([failure({ kind: "refused" }), "answer"])).toEqual({ ok: false, asked: 1, told: [] });
  clock.slept.length = 0;
  await run([failure({ retryAfter: 120_000 }), "answer"]);
  expect(clock.slept).toEqual([120_000]);
});

test("items of a file", () => {
  const text =
    '\uFEFF{"prompt":"a","more":1}\n\n{"id":7,"messages":[{"role":"user","content":"b"}]}\r\n{"id":"x","prompt":"c"}';
  expect(itemsFromLines(text, "f")).toEqual([
    { id: "1", prompt: "a" },
    { id: "7", messages: [{ role: "user", content: "b" }] },
    { id: "x", prompt: "c" },
  ]);
  for (const [line, said] of [
    ["{", "Line 2 of f is not JSON"],
    ['{"id":"a"}', 'needs either "prompt" or "messages"'],
    ['{"prompt":1}', "field prompt"],
    ['{"messages":[{"role":"owl","content":""}]}', "field messages.0.role"],
  ]) {
    expect(() => itemsFromLines(`{"prompt":"a"}\n${line}`, "f")).toThrow(said);
  }
});
