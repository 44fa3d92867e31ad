/**
 * `npm run mutants [-- --only kd] [--out FILE]`: breaks one line of the source at a time, as table.ts says, and looks
 * whether the tests beside it notice. Works in a copy; prints the survivors; exit status 1 when more than 5 % survive.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { MUTANTS } from "./table.ts";

const ROOT = join(import.meta.dirname, "../..");
const MOST_SURVIVORS = 0.05;
const { values } = parseArgs({ options: { only: { type: "string" }, out: { type: "string" } } });

const copy = mkdtempSync(join(tmpdir(), "lyceum-mutants-"));
process.on("exit", () => rmSync(copy, { recursive: true, force: true }));
for (const name of ["src", "test", "package.json", "tsconfig.json", "vitest.config.ts"])
  cpSync(join(ROOT, name), join(copy, name), { recursive: true });
symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));

/** True when some test fails, or none ends. That they run at all is seen without a mutant first. */
function noticed(tests: readonly string[]): boolean {
  const args = ["vitest", "run", ...tests, "--bail", "1", "--reporter", "dot"];
  return spawnSync("npx", args, { cwd: copy, stdio: "ignore", timeout: 300_000 }).status !== 0;
}

const chosen = MUTANTS.filter(({ file, what }) => !values.only || `${file} ${what}`.includes(values.only));
const results: { file: string; what: string; caught: boolean }[] = [];
const clean = new Set<string>();
for (const { file, what, from, to, tests } of chosen) {
  const key = tests.join(" ");
  if (!clean.has(key) && noticed(tests)) throw new Error(`The tests ${key} fail without any mutant.`);
  clean.add(key);
  const path = join(copy, file);
  const text = readFileSync(path, "utf8");
  if (text.split(from).length !== 2) throw new Error(`${file} must hold exactly once: ${from}`);
  writeFileSync(
    path,
    text.replace(from, () => to),
  );
  const caught = noticed(tests);
  writeFileSync(path, text);
  results.push({ file, what, caught });
  process.stdout.write(`${caught ? "caught  " : "SURVIVED"}  ${file}: ${what}\n`);
}
const survivors = results.filter(({ caught }) => !caught);
const share = (100 * (results.length - survivors.length)) / results.length;
process.stdout.write(`\n${results.length} mutants, ${share.toFixed(1)} % caught\n`);
if (values.out) writeFileSync(values.out, `${JSON.stringify({ share, results }, null, 1)}\n`);
process.exitCode = survivors.length > MOST_SURVIVORS * results.length ? 1 : 0;
