import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { eventStream } from "./event-stream.ts";
import { until } from "./testing-engine.ts";

function visit() {
  const seen = { left: 0, dropped: 0 };
  const signal = new AbortController().signal;
  return { seen, signal, leave: () => void seen.left++, drop: () => void seen.dropped++ };
}

/** Counts what is made, and notices its end. */
function counted(count: number, error?: Error) {
  const made = { chunks: 0, ended: false };
  async function* chunks() {
    try {
      for (; made.chunks < count; made.chunks++) yield { chunk: made.chunks };
      if (error) throw error;
    } finally {
      made.ended = true;
    }
  }
  return { made, chunks: chunks() };
}

test("chunks, the end, and the place given back", async () => {
  const guest = visit();
  const body = await eventStream(counted(2).chunks, guest, () => {});
  expect(await new Response(body).text()).toBe('data: {"chunk":0}\n\ndata: {"chunk":1}\n\ndata: [DONE]\n\n');
  expect(guest.seen.left).toBeGreaterThan(0);
});

test("an error after the first chunk is the last event; before it, the caller's", async () => {
  const failures: unknown[] = [];
  const error = new Error("broken");
  const body = await eventStream(counted(1, error).chunks, visit(), (failure) => failures.push(failure));
  const events = (await new Response(body).text()).trim().split("\n\n");
  expect(events).toEqual([
    'data: {"chunk":0}',
    expect.stringMatching(/^data: \{"error":\{"message":"The server failed/),
  ]);
  expect(failures).toEqual([error]);

  const guest = visit();
  await expect(eventStream(counted(0, error).chunks, guest, () => {})).rejects.toBe(error);
  expect(guest.seen.left).toBe(1);
});

test("no chunk is made before it is asked for, and none after the reader has left", async () => {
  const guest = visit();
  const { made, chunks } = counted(1000);
  const reader = (await eventStream(chunks, guest, () => {})).getReader();
  for (let i = 0; i < 3; i++) await reader.read();
  await wait(5);
  // One is being sent, one is waiting.
  expect(made.chunks).toBeLessThan(6);
  await reader.cancel();
  expect(made).toEqual({ chunks: made.chunks, ended: true });
  expect(guest.seen.left).toBe(1);
});

test("a reader that asks for nothing is dropped, one that reads is not", async () => {
  const idle = visit();
  await eventStream(counted(1000).chunks, idle, () => {}, 5);
  await until(() => idle.seen.dropped === 1);

  const busy = visit();
  const body = await eventStream(counted(1000).chunks, busy, () => {}, 1000);
  await new Response(body).text();
  expect(busy.seen.dropped).toBe(0);
});
