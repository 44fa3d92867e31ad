/** Many clients at once, clients that leave or do not read, and the end of the server. */
import { connect, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import OpenAI from "openai";
import { expect, test } from "vitest";
import { type RunningServer, type ServeOptions, serve } from "./server.ts";
import { type TestingEngine, testingEngine, testingModel, tokeniser, until } from "./testing-engine.ts";

async function withServer(
  engine: TestingEngine,
  options: Partial<ServeOptions>,
  use: (client: OpenAI, server: RunningServer) => Promise<void>,
): Promise<void> {
  const server = await serve({ models: [testingModel(engine)], port: 0, grace: 100, ...options });
  try {
    await use(new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "none", maxRetries: 0 }), server);
  } finally {
    await server.close();
  }
}

const say = (content: string) => ({ model: "student", messages: [{ role: "user" as const, content }] });
const endless = { ...say("endless "), stream: true as const };

/** A raw connection that has sent its request; `data` is what came so far. */
async function ask({ url }: RunningServer, body: object): Promise<{ socket: Socket; seen: () => string }> {
  const { hostname, port } = new URL(url);
  const text = JSON.stringify(body);
  const socket = connect(Number(port), hostname);
  let data = "";
  socket.on("data", (chunk) => (data += chunk)).on("error", () => {});
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
  );
  return { socket, seen: () => data };
}

test("a hundred requests at once, half of them streamed: each gets its own whole answer", async () => {
  const engine = testingEngine();
  await withServer(engine, {}, async (client) => {
    const question = (i: number) => `number ${i}: ${"€".repeat(i % 4)} ${"th".repeat(i % 5)} end ${i}`;
    const answers = await Promise.all(
      Array.from({ length: 100 }, async (_, i) => {
        const request = say(question(i));
        if (i % 2 === 0) {
          const { choices, usage } = await client.chat.completions.create(request);
          return { text: choices[0]!.message.content, finish: choices[0]!.finish_reason, usage };
        }
        let text = "";
        let finish: string | null = null;
        let usage: OpenAI.CompletionUsage | null | undefined;
        const options = { stream: true, stream_options: { include_usage: true } } as const;
        for await (const chunk of await client.chat.completions.create({ ...request, ...options })) {
          text += chunk.choices[0]?.delta.content ?? "";
          finish = chunk.choices[0]?.finish_reason ?? finish;
          usage = chunk.usage;
        }
        return { text, finish, usage };
      }),
    );
    const expected = answers.map((_, i) => {
      const length = tokeniser.encode(question(i)).length;
      const usage = { prompt_tokens: length + 3, completion_tokens: length + 1, total_tokens: 2 * length + 4 };
      return { text: question(i), finish: "stop", usage };
    });
    expect(answers).toEqual(expected);
    expect(engine.requests).toHaveLength(100);
    // They were in the engine side by side, and all are out of it.
    expect(engine.peak).toBeGreaterThan(10);
    expect(engine.running).toBe(0);
  });
});

test("a client that disconnects ends its generation, before and amid its answer", async () => {
  const engine = testingEngine();
  await withServer(engine, { places: 1 }, async (client, server) => {
    for (const body of [say("endless "), endless, { ...say("endless "), n: 1, stream: true, stop: ["never"] }]) {
      const { socket, seen } = await ask(server, body);
      await until(() => engine.running === 1 && engine.drawn > 3);
      if ("stream" in body) await until(() => seen().includes('"content":"l"'));
      socket.destroy();
      await until(() => engine.running === 0);
      const { drawn } = engine;
      await wait(20);
      expect(engine.drawn).toBe(drawn);
      // Its place is free again: there is only one.
      expect((await client.chat.completions.create(say("a"))).choices[0]!.message.content).toBe("a");
    }
  });
});

test("a client that leaves while the engine has not yet answered", async () => {
  let go = () => {};
  const engine = testingEngine(() => new Promise<void>((resolve) => (go = resolve)));
  await withServer(engine, {}, async (_, server) => {
    const { socket } = await ask(server, endless);
    await until(() => engine.running === 1);
    socket.destroy();
    await until(() => engine.requests[0]!.signal!.aborted);
    go();
    await until(() => engine.running === 0);
    expect(engine.drawn).toBe(0);
  });
});

test("a client that leaves while its texts are scored: the rest of them is not", async () => {
  const engine = testingEngine();
  const go: (() => void)[] = [];
  const scoring = { ...engine, score: () => new Promise<never[]>((resolve) => go.push(() => resolve([]))) };
  const server = await serve({ models: [testingModel(scoring)], port: 0 });
  const controller = new AbortController();
  const request = fetch(`${server.url}/v1/completions`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ model: "student", prompt: ["ab", "cd"], echo: true, logprobs: 0, max_tokens: 0 }),
    signal: controller.signal,
  });
  await until(() => go.length === 1);
  controller.abort();
  await expect(request).rejects.toMatchObject({ name: "AbortError" });
  // The connection is closed on the other side a little later.
  await wait(500);
  go[0]!();
  await server.close();
  expect(go).toHaveLength(1);
});

test("a slow reader slows its own answer only, and gets all of it", async () => {
  const engine = testingEngine(undefined, 100_000);
  await withServer(engine, {}, async (client, server) => {
    // Long events fill the buffers sooner.
    const { socket, seen } = await ask(server, { ...endless, logprobs: true, top_logprobs: 20 });
    await until(() => seen().includes("data: "));
    socket.pause();
    // The buffers of both sides fill, then nothing more is made.
    for (let still = 0, before = -1; still < 4; await wait(100)) {
      still = before === engine.drawn ? still + 1 : 0;
      before = engine.drawn;
    }
    const { drawn } = engine;
    expect(drawn).toBeLessThan(50_000);
    expect((await client.chat.completions.create(say("abc"))).choices[0]!.message.content).toBe("abc");
    socket.resume();
    await until(() => engine.drawn > drawn + 100);
    socket.destroy();
    await until(() => engine.running === 0);
  });
});

test("more than all places: 429 with Retry-After, which the client obeys", async () => {
  const engine = testingEngine();
  await withServer(engine, { places: 2 }, async (client, server) => {
    const holder = await ask(server, { ...endless, n: 2 });
    await until(() => engine.running === 2);
    const refused = await client.chat.completions.create(say("a")).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(OpenAI.RateLimitError);
    expect((refused as InstanceType<typeof OpenAI.RateLimitError>).headers?.get("retry-after")).toBe("1");
    const never = await client.chat.completions.create({ ...say("a"), n: 3 }).catch((error: unknown) => error);
    expect(never).toBeInstanceOf(OpenAI.BadRequestError);
    const patient = client.chat.completions.create(say("a"), { maxRetries: 2 });
    holder.socket.destroy();
    expect((await patient).choices[0]!.message.content).toBe("a");
  });
});

test("closing lets answers finish within the grace time, and lets nobody else in", async () => {
  const open: (() => void)[] = [];
  let closed = true;
  const engine = testingEngine(() => (closed ? new Promise<void>((resolve) => open.push(resolve)) : wait(0)));
  const server = await serve({ models: [testingModel(engine)], port: 0, grace: 5000 });
  const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "none", maxRetries: 0 });
  const answer = client.chat.completions.create(say("the end"));
  await until(() => open.length === 1);
  const closing = server.close();
  await expect(client.models.list()).rejects.toBeInstanceOf(OpenAI.APIConnectionError);
  closed = false;
  open[0]!();
  expect((await answer).choices[0]!.message.content).toBe("the end");
  await closing;
  await server.close();
});

test("closing aborts what takes longer, and tells the client", async () => {
  const engine = testingEngine();
  const server = await serve({ models: [testingModel(engine)], port: 0, grace: 20 });
  const { seen, socket } = await ask(server, endless);
  const ended = new Promise((resolve) => socket.once("close", resolve));
  await until(() => seen().includes('"content":"l"'));
  await server.close();
  await ended;
  expect(engine.running).toBe(0);
  expect(seen()).toContain('"message":"The answer was aborted: the server is stopping."');
  expect(seen()).not.toContain("[DONE]");
});
