/** The house rules that a machine can check: rooms and their imports as ARCHITECTURE.md says, short files, headers. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "..");
const SRC = join(ROOT, "src");
const ALARM = 400;
const MEDIAN = 150;

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .map((path) => ({ path, text: readFileSync(join(SRC, path), "utf8") }));
const sources = files.filter(({ path }) => !path.endsWith(".test.ts"));
const linesOf = (text: string) => text.trimEnd().split("\n").length;

/** Room of a path below src/: its first folder, or the file itself when it lies at the top. */
const roomOf = (path: string) => path.split("/")[0]!;

/** The table of rooms in ARCHITECTURE.md: room -> rooms it may import. */
function rooms(): Map<string, Set<string>> {
  const rows = readFileSync(join(ROOT, "ARCHITECTURE.md"), "utf8").matchAll(/^\| `([\w.-]+)\/?` \| ([^|]*) \|/gm);
  return new Map(
    Array.from(rows, ([, room, list]) => [room!, new Set(Array.from(list!.matchAll(/`([\w.-]+)\/?`/g), (m) => m[1]!))]),
  );
}

/** Relative specifiers of static imports, re-exports, dynamic imports and URLs of workers. */
const importsOf = (text: string) =>
  Array.from(text.matchAll(/(?:\bfrom|\bimport|\bimport\(|new URL\()\s*"(\.\.?\/[^"]+)"/g), (match) => match[1]!);

describe("rooms", () => {
  const allowed = rooms();

  test("ARCHITECTURE.md names every room of src/, and none that does not exist", () => {
    const existing = [...new Set(sources.map(({ path }) => roomOf(path)))].sort();
    expect([...allowed.keys()].sort()).toEqual(existing);
  });

  test("imports point downwards only", () => {
    const wrong = sources.flatMap(({ path, text }) =>
      importsOf(text)
        .map((specifier) => roomOf(relative(SRC, join(SRC, dirname(path), specifier))))
        // "..": package.json, read for its version.
        .filter((to) => to !== ".." && to !== roomOf(path) && !allowed.get(roomOf(path))?.has(to))
        .map((to) => `${path} imports ${to}`),
    );
    expect(wrong).toEqual([]);
  });

  test("the table itself has no circle", () => {
    const visit = (room: string, above: readonly string[]): void => {
      expect(above, `${[...above, room].join(" -> ")}`).not.toContain(room);
      for (const next of allowed.get(room) ?? []) visit(next, [...above, room]);
    };
    for (const room of allowed.keys()) visit(room, []);
  });

  test("every import names a file that exists, with its extension", () => {
    const missing = sources.flatMap(({ path, text }) =>
      importsOf(text)
        .filter((specifier) => specifier.endsWith(".ts") || !/\.\w+$/.test(specifier))
        .filter((specifier) => !statSync(join(SRC, dirname(path), specifier), { throwIfNoEntry: false })?.isFile())
        .map((specifier) => `${path}: ${specifier}`),
    );
    expect(missing).toEqual([]);
  });
});

describe("files", () => {
  test(`no file over ${ALARM} lines without a reason in its header`, () => {
    const long = files
      .filter(({ text }) => linesOf(text) > ALARM && !/^(?:#!.*\n)?\/\*\*[\s\S]*?Long because[\s\S]*?\*\//.test(text))
      .map(({ path, text }) => `${path}: ${linesOf(text)}`);
    expect(long).toEqual([]);
  });

  test(`the median file has at most ${MEDIAN} lines`, () => {
    const sorted = sources.map(({ text }) => linesOf(text)).sort((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThanOrEqual(MEDIAN);
  });

  test("every source file says first what it is", () => {
    const silent = sources.filter(({ text }) => !/^(#!.*\n)?(\/\*\*|\/\/ )/.test(text)).map(({ path }) => path);
    expect(silent).toEqual([]);
  });

  test("nothing reminds of work left undone", () => {
    const marks = files
      .filter(({ text }) => /\b(TODO|FIXME|E_TODO)\b|@ts-ignore|@ts-nocheck/.test(text))
      .map(({ path }) => path);
    expect(marks).toEqual([]);
  });
});

describe("a browser", () => {
  /** Entry points that a web page may import. */
  const entries = [
    "tensor/index.ts",
    "tensor/onnx/index.ts",
    "nn/index.ts",
    "data/browser.ts",
    "teaching/losses/index.ts",
    "teaching/browser.ts",
  ];

  test.each(entries)("%s reaches no Node module by static imports", (entry) => {
    const seen = new Set<string>();
    const reached: string[] = [];
    const visit = (path: string, by: string): void => {
      if (seen.has(path)) return;
      seen.add(path);
      const text = readFileSync(join(SRC, path), "utf8");
      // Types vanish when compiled.
      const statics = text.matchAll(/^(?:import|export)\s(?!type\b)[^;"]*"([^"]+)"/gm);
      for (const [, specifier] of statics) {
        if (specifier!.startsWith("node:")) reached.push(`${path} imports ${specifier} (reached from ${by})`);
        if (specifier!.startsWith(".")) visit(join(dirname(path), specifier!), path);
      }
    };
    visit(entry, "the page");
    expect(reached).toEqual([]);
  });
});
