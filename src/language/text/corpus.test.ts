import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { codeOf, realData, temporaryFolder } from "../../data/testing.ts";
import { knownText, parseJsonLines, readCorpus } from "./corpus.ts";

describe("JSON lines", () => {
  test("three kinds, empty lines and notes", () => {
    const lines = [
      '{"text":"a","source":"note"}',
      "",
      '{"prompt":"p","response":"","epoch":3}',
      '{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"r"}]}',
    ];
    const messages = [
      { role: "user", content: "q" },
      { role: "assistant", content: "r" },
    ];
    expect(parseJsonLines(lines.join("\r\n"))).toEqual([
      { kind: "text", text: "a" },
      { kind: "pair", prompt: "p", response: "" },
      { kind: "chat", messages },
    ]);
  });

  test.each([
    ['{"text":"a"}\n{"text":', /Line 2 of "x" is not JSON/],
    ['{"text":5}', /Line 1 of "x": the field "text" is 5; expected a string/],
    ['{"prompt":"a"}', /the field "response" is missing/],
    ['{"a":1,"b":2}', /has the fields a, b/],
    ["[1]", /has the fields none/],
    ['{"messages":[]}', /the field "messages" is \[\]/],
    ['{"messages":[{"role":"user","content":"a"},{"role":"bot","content":"a"}]}', /"messages\[1\]\.role" is "bot"/],
    ['{"messages":[{"role":"user"}]}', /"messages\[0\]\.content" is missing/],
    ["\n\n", /has no lines/],
  ])("%s", (text, message) => {
    expect(() => parseJsonLines(text, "x")).toThrow(message);
  });
});

test("a file, a folder in the order of names, lines", async () => {
  const folder = temporaryFolder();
  const write = (name: string, content: string | Uint8Array) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  write("b.txt", "zwei");
  const a = write("a.txt", "eins ü");
  const lines = write("c.jsonl", '{"text":"drei"}\n');
  expect(await readCorpus(a)).toEqual([{ kind: "text", text: "eins ü" }]);
  expect(await readCorpus(folder)).toEqual([
    { kind: "text", text: "eins ü" },
    { kind: "text", text: "zwei" },
  ]);
  expect(await readCorpus(lines)).toEqual([{ kind: "text", text: "drei" }]);
  await expect(readCorpus(write("latin.txt", Uint8Array.of(0x61, 0xfc)))).rejects.toThrow(/not UTF-8/);
  await expect(readCorpus(write("empty.txt", ""))).rejects.toThrow(/is empty/);
  await expect(readCorpus(join(folder, "none.txt"))).rejects.toThrow(/no text at/);
  mkdirSync(join(folder, "sub"));
  await expect(readCorpus(join(folder, "sub"))).rejects.toThrow(/no \.txt files/);
});

test("a known text must have its checksum", async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "tinyshakespeare"));
  vi.stubEnv("LYCEUM_DATA", folder);
  vi.stubEnv("LYCEUM_CACHE", join(folder, "cache"));
  expect(await codeOf(() => knownText("tinyshakespeare"))).toBe("E_DATA_NOT_FOUND");
  writeFileSync(join(folder, "tinyshakespeare", "input.txt"), "To be");
  expect(await codeOf(() => knownText("tinyshakespeare"))).toBe("E_DATA_CHECKSUM");
  expect(await codeOf(() => knownText("hamlet"))).toBe("E_DATA_NOT_FOUND");
  vi.unstubAllEnvs();
});

test.skipIf(!realData("tinyshakespeare"))("tiny Shakespeare (needs LYCEUM_DATA)", async () => {
  const text = await knownText("tinyshakespeare");
  expect(text.startsWith("First Citizen:\nBefore we proceed")).toBe(true);
  expect(new Set(text).size).toBeGreaterThanOrEqual(64);
});
