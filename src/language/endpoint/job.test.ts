/** Bar 8: a job against a server that does everything wrong, and the server's own books. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { label } from "./job.ts";
import type { LabelOptions } from "./options.ts";
import type { LabelEvent, LabelReport } from "./report.ts";
import { type FakeServer, type Fault, fakeServer, mixedFaults, UNHEARD } from "./testing-server.ts";

let folder: string;
let server: FakeServer | undefined;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "lyceum-label-"));
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(folder, { recursive: true, force: true });
});

const items = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ id: `item-${i}`, prompt: `Question ${i} about ${"it ".repeat(i % 5)}?` }));
const serve = async (fault?: (prompt: string, attempt: number) => Fault, latency?: number) =>
  (server = await fakeServer(fault, latency));
/** Short waits: the faults are what is tested. */
const options = (count: number, more: Partial<LabelOptions> = {}): LabelOptions => ({
  ...{ teacher: `${server!.url}#fake`, items: items(count), out: path.join(folder, "out") },
  ...{ maxTokens: 64, timeout: 3, backoff: 0.01, concurrency: 16, retries: 10, ...more },
});

async function run(given: LabelOptions, signal?: AbortSignal): Promise<{ report: LabelReport; events: LabelEvent[] }> {
  const events: LabelEvent[] = [];
  for await (const event of label(given, { environment: {}, ...(signal && { signal }) })) events.push(event);
  const last = events.at(-1)!;
  if (last.type !== "finished") throw new Error("no end");
  return { report: last.report, events };
}

const rowsOf = (name: string) =>
  readFileSync(path.join(folder, "out", name), "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, never>);

/** What the server billed and the client could hear, and how many requests it could not. */
function serversAccount(heard: (requestId: string, fault: Fault) => boolean) {
  const usage = { input: 0, cached: 0, output: 0, reasoning: 0 };
  let unheard = 0;
  for (const { requestId, fault, billed } of server!.log) {
    if (!heard(requestId, fault)) unheard++;
    else if (billed) for (const part of ["input", "cached", "output"] as const) usage[part] += billed[part];
  }
  return { usage, unheard };
}

/** Seconds here, minutes where other work shares the machine. */
const LONG = { timeout: 300_000 };

describe("a job of 500 items", LONG, () => {
  test("finishes with every item once, and its account is the server's", async () => {
    await serve(mixedFaults(1));
    const prices = { input: 3, cachedInput: 0.3, output: 15, currency: "EUR" };
    const { report, events } = await run(options(500, { prices, logprobs: 2 }));
    // Every fault of the mixture was met, or the test shows less than it claims.
    expect(new Set(server!.log.map(({ fault }) => fault)).size).toBe(14);
    expect(report).toMatchObject({ items: 500, done: 500, failed: 0, waiting: 0, stopped: null });
    expect(events.at(-2)).toMatchObject({ type: "progress", done: 500, failed: 0, of: 500, secondsLeft: 0 });
    const rows = rowsOf("results.jsonl") as unknown as { id: string; answer: { text: string } }[];
    expect(rows.map(({ id }) => id).sort()).toEqual(
      items(500)
        .map(({ id }) => id)
        .sort(),
    );
    const prompts = new Map(items(500).map(({ id, prompt }) => [id, prompt]));
    for (const { id, answer } of rows) expect(`Answer to: ${prompts.get(id)}`.startsWith(answer.text)).toBe(true);
    // On a busy machine a sound answer may come too late: what we gave up waiting for is unheard too.
    const late = new Set<string>();
    for (const { outcome, n } of rowsOf("requests.jsonl") as unknown as { outcome?: string; n: number }[]) {
      if (outcome === "timeout") late.add(`lyceum-${n}`);
    }
    const heard = (id: string, fault: Fault) => !UNHEARD.has(fault) && !late.has(id);
    const account = serversAccount(heard);
    // And a request may have been given up before it reached the server at all.
    const lost = report.requests - server!.log.length;
    expect(lost).toBeGreaterThanOrEqual(0);
    expect(lost).toBeLessThanOrEqual(late.size);
    expect(report.retries).toBe(report.requests - 500);
    expect(report.retries).toBe(events.filter(({ type }) => type === "retry").length);
    expect(report.usage).toEqual(account.usage);
    expect(report.unsettled.requests).toBe(account.unheard + lost);
    const { input, cached, output } = account.usage;
    expect(report.money).toBeCloseTo(((input - cached) * 3 + cached * 0.3 + output * 15) / 1e6, 12);
    // What the server billed without being heard lies within what the report says it may have been.
    const secret = server!.log.filter(({ requestId, fault }) => !heard(requestId, fault)).map(({ billed }) => billed);
    expect(secret.reduce((sum, billed) => sum + (billed?.input ?? 0), 0)).toBeLessThanOrEqual(
      report.unsettled.atMost.input,
    );
    expect(report.truncated).toBe(
      rows.filter((row) => (row as never as { answer: { finish: string } }).answer.finish === "length").length,
    );
    expect(report.models).toEqual({ "fake-2026": 500 });
  });

  test("goes on after kill -9, twice, without asking again what is done", async () => {
    const faults = mixedFaults(2);
    await serve(faults, 10);
    const given = options(500);
    const script = fileURLToPath(new URL("testing-job.ts", import.meta.url));
    const results = path.join(given.out, "results.jsonl");
    for (const goal of [120, 300]) {
      const child = spawn(process.execPath, ["--import", "tsx", script, JSON.stringify(given)], { stdio: "inherit" });
      const exit = once(child, "exit");
      const before = server!.log.length;
      while (server!.log.length < before + goal - (goal === 300 ? 120 : 0)) {
        if (child.exitCode !== null) throw new Error("the job ended before it was killed");
        await new Promise((go) => setTimeout(go, 5));
      }
      child.kill("SIGKILL");
      await exit;
    }
    const finished = new Set(
      readFileSync(results, "utf8")
        .split("\n")
        .filter((line) => line.endsWith("}"))
        .map((line) => (JSON.parse(line) as { id: string }).id),
    );
    expect(finished.size).toBeGreaterThan(100);
    expect(finished.size).toBeLessThan(500);
    // What a kill in the middle of a write leaves.
    writeFileSync(results, '{"id":"item-499","sample":0,"key":"', { flag: "a" });
    const asked = server!.log.length;
    const { report, events } = await run(given);
    expect(events[0]).toMatchObject({ type: "started", items: 500, already: finished.size });
    const again = server!.log.slice(asked).map(({ prompt }) => prompt);
    const done = new Set(given.items.filter(({ id }) => finished.has(id)).map(({ prompt }) => prompt));
    expect(again.filter((prompt) => done.has(prompt))).toEqual([]);
    expect(report).toMatchObject({ items: 500, done: 500, failed: 0 });
    const rows = rowsOf("results.jsonl") as unknown as { id: string; request: number; answer: { usage?: object } }[];
    expect(new Set(rows.map(({ id }) => id)).size).toBe(500);
    expect(rows.length).toBe(500);
    // Request by request: what the books know is what the server billed; what they do not know was broken by us or by it.
    const known = new Set<string>();
    for (const row of rows) if (row.answer.usage) known.add(`lyceum-${row.request}`);
    const books = rowsOf("requests.jsonl") as unknown as { type: string; n: number; usage: object | null }[];
    for (const { type, n, usage } of books) if (type === "ended" && usage) known.add(`lyceum-${n}`);
    const account = serversAccount((requestId) => known.has(requestId));
    expect(report.usage).toEqual(account.usage);
    const begun = books.filter(({ type }) => type === "asked");
    expect(report.requests).toBe(begun.length);
    expect(report.unsettled.requests).toBe(begun.length - known.size);
    const numbers = new Set(begun.map(({ n }) => `lyceum-${n}`));
    expect(numbers.size).toBe(begun.length);
    expect(server!.log.every(({ requestId }) => numbers.has(requestId))).toBe(true);
    // At most what was in flight at two kills, or given up, was written down and never arrived.
    const late = (books as unknown as { outcome?: string }[]).filter(({ outcome }) => outcome === "timeout").length;
    expect(begun.length - server!.log.length).toBeLessThanOrEqual(2 * 16 + late);
    expect(account.unheard).toBeLessThanOrEqual(report.unsettled.requests);
  });
});

describe("what ends a job early", () => {
  test("a key that is not accepted, without repeating the key", async () => {
    await serve(() => "auth");
    const failed = (async () => {
      for await (const _ of label(options(40), { environment: { LYCEUM_API_KEY: "sk-secret" } }));
    })();
    await expect(failed).rejects.toMatchObject({
      code: "E_ENDPOINT_AUTH",
      message: expect.not.stringContaining("sk-s"),
    });
    expect(server!.log[0]!.authorisation).toBe("Bearer sk-secret");
    expect(server!.log.length).toBeLessThanOrEqual(16);
    for (const name of ["requests.jsonl", "report.json"]) {
      expect(readFileSync(path.join(folder, "out", name), "utf8")).not.toContain("sk-secret");
    }
  });

  test("no credit, which some say with 429", async () => {
    await serve(() => "quota");
    await expect(run(options(40))).rejects.toMatchObject({ code: "E_ENDPOINT_QUOTA" });
    expect(server!.log.length).toBeLessThanOrEqual(16);
  });

  test("an endpoint that refuses everything, or is not there", async () => {
    await serve(() => "refuse");
    await expect(run(options(100))).rejects.toMatchObject({ code: "E_ENDPOINT_REFUSED" });
    expect(server!.log.length).toBeLessThan(50);
    await server!.close();
    await serve();
    const gone = options(100, { retries: 1, out: path.join(folder, "gone") });
    await server!.close();
    await expect(run(gone)).rejects.toMatchObject({ code: "E_ENDPOINT_DOWN" });
    const report = JSON.parse(readFileSync(path.join(gone.out, "report.json"), "utf8")) as LabelReport;
    // Nothing reached anybody, so nothing was billed.
    expect(report).toMatchObject({ done: 0, stopped: "error", unsettled: { requests: 0 } });
    expect(report.failed).toBeGreaterThanOrEqual(10);
  });

  test("a signal, and the answers are kept", async () => {
    await serve(undefined, 20);
    const stop = new AbortController();
    const events: LabelEvent[] = [];
    const job = async () => {
      for await (const event of label(options(200), { environment: {}, signal: stop.signal })) {
        events.push(event);
        if (events.length === 30) stop.abort();
      }
    };
    await expect(job()).rejects.toMatchObject({ code: "E_STOPPED" });
    const { report } = await run(options(200));
    expect(report.done).toBe(200);
    // What was stopped between the book and the wire is in the book only.
    expect(report.requests - server!.log.length).toBeGreaterThanOrEqual(0);
    expect(report.requests - server!.log.length).toBeLessThanOrEqual(16);
    expect(rowsOf("results.jsonl").length).toBe(200);
  });

  test("a reader that leaves: the folder is free again", async () => {
    await serve(undefined, 5);
    for await (const event of label(options(50), { environment: {} })) if (event.type === "item") break;
    expect((await run(options(50))).report.done).toBe(50);
  });
});

describe("the budget", () => {
  test("of requests is met exactly, and a larger one goes on", async () => {
    await serve();
    const { report, events } = await run(options(60, { budget: { requests: 25 } }));
    expect(report).toMatchObject({ done: 25, waiting: 35, requests: 25, stopped: "budget" });
    expect(server!.log.length).toBe(25);
    expect(events.find(({ type }) => type === "budget")).toMatchObject({
      message: expect.stringContaining("25 of 60"),
    });
    const more = await run(options(60, { budget: { requests: 60 } }));
    expect(more.report).toMatchObject({ done: 60, requests: 60, stopped: null });
  });

  test("of money and of tokens is never passed, whatever goes wrong", async () => {
    await serve(mixedFaults(3));
    const prices = { input: 10, output: 30 };
    const { report } = await run(options(200, { prices, budget: { money: 0.1 } }));
    expect(report.stopped).toBe("budget");
    expect(report.done).toBeGreaterThan(5);
    const billed = server!.log.reduce((sum, { billed: b }) => sum + (b ? (b.input * 10 + b.output * 30) / 1e6 : 0), 0);
    expect(billed).toBeLessThanOrEqual(0.1);
    expect(report.money! + report.unsettled.moneyAtMost!).toBeLessThanOrEqual(0.1 + 1e-12);
    const other = await run(options(200, { out: path.join(folder, "tokens"), budget: { tokens: 3000 } }));
    expect(other.report).toMatchObject({ stopped: "budget", money: null });
    expect(other.report.usage.input + other.report.usage.output).toBeLessThanOrEqual(3000);
  });
});

describe("answers", () => {
  test("come from the cache of another job at no cost, and not for another question", async () => {
    await serve();
    const cache = path.join(folder, "cache");
    await run(options(20, { cache }));
    const asked = server!.log.length;
    const { report } = await run(options(30, { cache, out: path.join(folder, "second") }));
    expect(report).toMatchObject({ done: 30, fromCache: 20, requests: 10 });
    expect(server!.log.length).toBe(asked + 10);
    const warm = await run(options(5, { cache, out: path.join(folder, "third"), temperature: 0.5 }));
    expect(warm.report).toMatchObject({ fromCache: 0, requests: 5 });
  });

  test("that were cut off are marked, or asked for again with more tokens", async () => {
    await serve((_, attempt) => (attempt === 0 ? "cut" : "none"));
    const { report } = await run(options(10));
    expect(report).toMatchObject({ done: 10, truncated: 10, requests: 10 });
    expect(rowsOf("teacher.jsonl")).toEqual([]);
    await server!.close();
    await serve((_, attempt) => (attempt === 0 ? "cut" : "none"));
    const longer = await run(options(10, { out: path.join(folder, "longer"), moreTokens: 128 }));
    expect(longer.report).toMatchObject({ done: 10, truncated: 0, requests: 20, retries: 0 });
    expect(longer.report.usage).toEqual(serversAccount(() => true).usage);
    expect(server!.log.map(({ body }) => body.max_tokens).sort()).toEqual([
      ...Array(10).fill(128),
      ...Array(10).fill(64),
    ]);
  });

  test("several to an item differ in number and seed", async () => {
    await serve();
    const { report } = await run(options(4, { samples: 3, seed: 7 }));
    expect(report).toMatchObject({ items: 12, done: 12 });
    expect(server!.log.map(({ body }) => body.seed).sort()).toEqual([7, 7, 7, 7, 8, 8, 8, 8, 9, 9, 9, 9]);
    expect(rowsOf("teacher.jsonl").map(({ id, gen }) => [id, gen])).toEqual(
      [0, 1, 2, 3].flatMap((i) => [0, 1, 2].map((gen) => [`item-${i}`, gen])),
    );
  });

  test("become training data in the order of the items", async () => {
    await serve(mixedFaults(4));
    const talk = [
      { role: "system" as const, content: "Be brief." },
      { role: "user" as const, content: "Why?" },
    ];
    const given = options(40, { logprobs: 1 });
    await run({ ...given, items: [...given.items, { id: "talk", messages: talk }] });
    const rows = rowsOf("teacher.jsonl") as unknown as Record<string, unknown>[];
    const order = given.items.map(({ id }) => id);
    const ids = rows.map(({ id }) => String(id));
    expect(ids.at(-1)).toBe("talk");
    expect(ids.slice(0, -1)).toEqual(order.filter((id) => ids.includes(id)));
    const first = rows[0]!;
    expect(first).toMatchObject({
      response: `Answer to: ${String(first.prompt)}`.trim(),
      source: "teacher",
      epoch: 0,
      gen: 0,
    });
    expect((first.tokens as { token: string }[]).map(({ token }) => token).join("")).toBe(first.response);
    expect(rows.at(-1)!.messages).toEqual([...talk, { role: "assistant", content: "Answer to: Why?" }]);
  });
});

test("a refused item fails alone, with the server's words, and is asked again by the next run", async () => {
  let kind = true;
  await serve((prompt) => (kind && prompt.startsWith("Question 3 ") ? "refuse" : "none"));
  const { report } = await run(options(12));
  expect(report).toMatchObject({ done: 11, failed: 1, requests: 12, retries: 0 });
  expect(report.failures).toEqual([
    { id: "item-3", sample: 0, kind: "refused", message: "400: The prompt is too long." },
  ]);
  kind = false;
  expect((await run(options(12))).report).toMatchObject({ done: 12, failed: 0, requests: 13 });
});

test("a folder with answers to other questions is refused, and a damaged line is asked again", async () => {
  await serve();
  await run(options(5));
  await expect(run(options(5, { temperature: 1 }))).rejects.toMatchObject({ code: "E_LABEL_MISMATCH" });
  const file = path.join(folder, "out", "results.jsonl");
  const lines = readFileSync(file, "utf8").split("\n");
  const damaged = lines[2]!.replace("Answer", "Anzwer");
  writeFileSync(file, lines.map((line, i) => (i === 2 ? damaged : line)).join("\n"));
  const { report, events } = await run(options(5));
  expect(events.find(({ type }) => type === "warning")).toMatchObject({
    message: expect.stringContaining("1 damaged"),
  });
  expect(report).toMatchObject({ done: 5, requests: 6 });
  expect(new Set(rowsOf("results.jsonl").map(({ id }) => id)).size).toBe(5);
  expect(readFileSync(file, "utf8")).not.toContain("Anzwer");
});

test.each([
  [{ items: [] }, "E_LABEL_ITEMS"],
  [{ items: [...items(2), ...items(1)] }, "E_LABEL_ITEMS"],
  [{ items: [{ id: "a" }] }, "E_LABEL_ITEMS"],
  [{ maxTokens: 0 }, "E_LABEL_OPTIONS"],
  [{ moreTokens: 10 }, "E_LABEL_OPTIONS"],
  [{ budget: { money: 1 } }, "E_LABEL_OPTIONS"],
  [{ tempreature: 1 }, "E_LABEL_OPTIONS"],
  [{ teacher: "nowhere" }, "E_ENDPOINT"],
])("wrong options %o", async (more, code) => {
  await serve();
  await expect(run(options(2, more as Partial<LabelOptions>))).rejects.toMatchObject({ code });
  expect(server!.log).toEqual([]);
});
