import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openCache } from "./cache.ts";
import { cutTail, openLine, openLog, type Pass, readLines, sealLine } from "./lines.ts";
import type { Answer } from "./request.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "lyceum-cache-"));
});
afterEach(() => rmSync(folder, { recursive: true }));
const file = () => path.join(folder, "answers.jsonl");
const answer = (text: string): Answer => ({ text, finish: "stop" });

async function all(name: string): Promise<{ values: unknown[]; pass: Pass }> {
  const lines = readLines(name);
  const values: unknown[] = [];
  for (;;) {
    const next = await lines.next();
    if (next.done) return { values, pass: next.value };
    values.push(next.value.value);
  }
}

test("a sealed line is JSON for everybody, and any changed character is noticed", () => {
  const value = { a: 1, text: 'ends like a seal","sum":"0123456789abcdef"}', odd: "\u2028\r\u{1F600}" };
  const line = sealLine(value).slice(0, -1);
  expect(JSON.parse(line)).toMatchObject(value);
  expect(openLine(line)).toEqual(value);
  for (let i = 0; i < line.length; i++) {
    expect(openLine(`${line.slice(0, i)}~${line.slice(i + 1)}`)).toBeUndefined();
    expect(openLine(line.slice(0, i))).toBeUndefined();
  }
});

test("answers come back after reopening, by their places in the file", async () => {
  const texts = Array.from({ length: 300 }, (_, i) => `Änswer ${i} \u2028 ${"x".repeat(i * 7)}`);
  const cache = await openCache(folder);
  for (const [i, text] of texts.entries()) await cache.put(`k${i}`, answer(text));
  expect(await cache.get("k7")).toEqual(answer(texts[7]!));
  await cache.put("k7", answer("another"));
  await cache.close();
  const again = await openCache(folder);
  expect(again.size).toBe(300);
  const read = await Promise.all(texts.map((_, i) => again.get(`k${i}`)));
  expect(read.map((one) => one?.text)).toEqual(texts);
  expect(await again.get("k300")).toBeUndefined();
  await again.close();
});

test("a torn last line costs itself only, wherever it was torn", async () => {
  const lines = [sealLine({ key: "a", answer: answer("A") }), sealLine({ key: "b", answer: answer("B") })];
  for (const cut of [1, 10, lines[1]!.length - 1]) {
    writeFileSync(file(), lines[0]! + lines[1]!.slice(0, cut));
    const cache = await openCache(folder);
    expect(await cache.get("a")).toEqual(answer("A"));
    await cache.put("c", answer("C"));
    await cache.close();
    const again = await openCache(folder);
    expect(await again.get("a")).toEqual(answer("A"));
    expect(await again.get("c")).toEqual(answer("C"));
    await again.close();
  }
});

test("two jobs may write at once, and a damaged answer is no answer", async () => {
  const [one, two] = [await openCache(folder), await openCache(folder)];
  await Promise.all(
    Array.from({ length: 100 }, (_, i) => (i % 2 ? one : two).put(`k${i}`, answer(`${i}`.repeat(500)))),
  );
  await one.close();
  await two.close();
  const both = await openCache(folder);
  expect(both.size).toBe(100);
  // Changed after it was indexed.
  writeFileSync(file(), readFileSync(file(), "utf8").replace(/0{20}/, "1".repeat(20)));
  expect(await both.get("k0")).toBeUndefined();
  expect(await both.get("k99")).toEqual(answer("99".repeat(500)));
  await both.close();
});

test("a log of one writer is cut back to its last whole line", async () => {
  const name = path.join(folder, "deep", "log.jsonl");
  const log = await openLog(name);
  await log.append({ n: 1 });
  await log.append({ n: 2 });
  await log.flush();
  await log.close();
  const whole = readFileSync(name, "utf8");
  appendFileSync(name, '{"n":3,"su');
  const { values, pass } = await all(name);
  expect(values).toEqual([{ n: 1 }, { n: 2 }]);
  expect(pass).toEqual({ damaged: 0, end: whole.length, torn: true });
  await cutTail(name, pass);
  expect(readFileSync(name, "utf8")).toBe(whole);
  writeFileSync(name, whole.replace('"n":1', '"n":7'));
  expect((await all(name)).pass).toEqual({ damaged: 1, end: whole.length, torn: false });
  expect((await all(path.join(folder, "none"))).values).toEqual([]);
});

test("lines longer than a read of the disk", async () => {
  const values = [70_000, 10, 400_000].map((n) => ({ text: "é".repeat(n) }));
  writeFileSync(file(), values.map(sealLine).join(""));
  expect((await all(file())).values).toEqual(values);
});
