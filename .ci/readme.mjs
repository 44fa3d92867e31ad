/** Writes what `lyceum teach` prints into README.md: `npm run readme`, after `npm run build`. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const readme = join(root, "README.md");
const folder = mkdtempSync(join(tmpdir(), "lyceum-readme-"));
const { status, stdout } = spawnSync(
  process.execPath,
  [join(root, "dist/cli/main.js"), "teach", "--out", "runs/digits"],
  {
    cwd: folder,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, LYCEUM_STORE: join(folder, "store") },
  },
);
rmSync(folder, { recursive: true });
if (status !== 0) process.exit(status ?? 1);
const before = readFileSync(readme, "utf8");
const after = before.replace(
  /(<!-- output: lyceum teach .*-->\n```text\n)[\s\S]*?(```)/,
  (_, head, tail) => `${head}${stdout.trim()}\n${tail}`,
);
if (after === before) console.log("README.md says so already");
writeFileSync(readme, after);
