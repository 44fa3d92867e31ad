/**
 * README.md says what is true: its commands run, its TypeScript runs, and what it shows as output is what comes out.
 *
 * `npm ci` and `npm test` are not run from within the tests (the tests run in what they made); .ci/run does both. A
 * block that cannot be run here says so in a comment above it.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { lyceum, ROOT, runTypeScript } from "./support/command.ts";

const readme = readFileSync(join(ROOT, "README.md"), "utf8");
const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  scripts: Record<string, string>;
  exports: Record<string, { default: string }>;
};
const folder = mkdtempSync(join(tmpdir(), "lyceum-readme-"));
const env = { LYCEUM_STORE: join(folder, "store"), LYCEUM_CACHE: join(folder, "cache") };
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Fenced blocks with the comment that stands directly above, if any. */
const blocks = Array.from(readme.matchAll(/(?:<!-- (.*?) -->\n)?```(\w+)\n([\s\S]*?)```/g), (match) => ({
  remark: match[1] ?? "",
  language: match[2]!,
  text: match[3]!,
}));
const excused = ({ remark }: { remark: string }) => remark.startsWith("not run by the tests: ");
const shell = blocks.filter((block) => block.language === "sh" && !excused(block));
const lines = shell.flatMap(({ text }) => text.trim().split(/\n| && /)).map((line) => line.replace(/\s+#.*$/, ""));

/** Numbers, times and places vary between machines; words and layout do not. */
const shape = (text: string) =>
  text
    .split("\n")
    .map((line) => line.match(/^(arm|.* teacher|distilled student|from scratch)(?= {2})/)?.[1])
    .filter(Boolean);

describe("README.md", () => {
  test("at most one block is excused", () => {
    expect(blocks.filter(excused)).toHaveLength(1);
    expect(blocks.filter(({ language }) => !["sh", "ts", "text"].includes(language))).toEqual([]);
  });

  test.each(lines.filter((line) => line.startsWith("npm")))("%s is there to be run", (line) => {
    const [, script] = /^npm (?:run )?(\w+)$/.exec(line)!;
    if (script !== "ci") expect(manifest.scripts[script!]).toBeTruthy();
    else expect(existsSync(join(ROOT, "package-lock.json"))).toBe(true);
  });

  test.each(lines.filter((line) => line.startsWith("npx lyceum")))(
    "%s",
    async (line) => {
      const { status, stdout } = await lyceum(line.split(" ").slice(2), { env, cwd: folder });
      expect(status).toBe(0);
      expect(stdout).not.toBe("");
      if (line !== "npx lyceum teach") return;
      const printed = blocks.find(({ remark }) => remark.startsWith("output: lyceum teach"))!.text;
      expect(shape(printed)).toEqual(shape(stdout));
      expect(shape(stdout)).toHaveLength(4);
      const files = Array.from(stdout.matchAll(/^ {2}(\S+)$/gm), ([, file]) => file!);
      for (const name of ["student.onnx", "report.json", "report.html"]) {
        const file = files.find((path) => path.endsWith(name));
        expect(file && existsSync(join(folder, file)), name).toBe(true);
      }
    },
    300_000,
  );

  test("every other line of shell is known to this test", () => {
    expect(lines.filter((line) => !/^(npm|npx lyceum) /.test(line))).toEqual([]);
  });

  const programs = blocks.filter(({ language }) => language === "ts");
  test.each(programs.map(({ text }, i) => [i + 1, text] as const))(
    "TypeScript block %i",
    async (number, text) => {
      // As a user's file, but against the sources: "lyceum/tensor" -> src/tensor/index.ts.
      const file = join(folder, `example${number}.mts`);
      const local = text.replaceAll(/"lyceum(\/\w+)?"/g, (_, path: string | undefined) => {
        const built = manifest.exports[`.${path ?? ""}`]!.default;
        return JSON.stringify(join(ROOT, built.replace("./dist/", "src/").replace(/\.js$/, ".ts")));
      });
      writeFileSync(file, local);
      const { status, stdout, stderr } = await runTypeScript(file, { env, cwd: folder });
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      // What a comment behind console.log promises is what is printed.
      for (const [, promised] of text.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)) expect(stdout).toContain(promised);
      expect(stdout.trim()).not.toBe("");
    },
    300_000,
  );

  test("the table of systems names all of them, once", () => {
    const rows = Array.from(readme.matchAll(/^\| ([\w-]+) \| .+ \| (.+) \|$/gm), ([, name, status]) => [name, status]);
    const systems = rows.filter(([name]) => name !== "system" && name !== "---");
    expect(new Set(systems.map(([name]) => name)).size).toBe(19);
    // Nothing is claimed that has no folder.
    for (const [name, status] of systems)
      if (!existsSync(join(ROOT, "src/systems", name!))) expect(status).toMatch(/^planned$|^its loss is here/);
  });
});
