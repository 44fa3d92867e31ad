/** The built command line as a user meets it: how soon it answers, and whether its window on a lesson stays responsive. */
import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import { join } from "node:path";
import { open, ROOT } from "./roster.ts";
import { median } from "./statistics.ts";

const CLI = join(ROOT, "dist/cli/main.js");

export interface Answer {
  /** ms; median and best of the runs. */
  readonly median: number;
  readonly best: number;
  /** The same for a Node that does nothing. */
  readonly node: number;
}

/** @throws when there is no build and none can be made */
export async function helpTime(runs = 9): Promise<Answer> {
  const times: number[] = [];
  const idle: number[] = [];
  for (let i = 0; i < runs; i++) {
    idle.push((await run(["-e", "0"], {}, 30)).ms);
    times.push((await run([built(), "--help"], {}, 30)).ms);
  }
  return { median: median(times), best: Math.min(...times), node: median(idle) };
}

export interface Deafness {
  /** ms, longest: from the start of the process, and from its first word on. */
  readonly whole: number;
  readonly talking: number;
  readonly p99: number;
  /** Length of the lesson, s. */
  readonly seconds: number;
}

/** One epoch on the drawn digits with a ready teacher. @throws when the command fails */
export async function longestBlock(seconds: number): Promise<Deafness> {
  const folder = await mkdtemp(join(os.tmpdir(), "lyceum-bench-"));
  const lyceum = open("lyceum");
  try {
    const teacher = join(folder, "teacher.onnx");
    await lyceum.ask({ cmd: "teacher", file: teacher }, 60);
    lyceum.close();
    const out = join(folder, "loop.json");
    const args = ["--import", join(import.meta.dirname, "loop-probe.mjs"), built(), "teach"];
    const lesson = ["--teacher", teacher, "--epochs", "1", "--out", join(folder, "run")];
    const { ms } = await run([...args, ...lesson], { LYCEUM_BENCH_LOOP: out }, seconds);
    return { ...(JSON.parse(await readFile(out, "utf8")) as Omit<Deafness, "seconds">), seconds: ms / 1000 };
  } finally {
    lyceum.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The command line as npm would install it; built where it is missing. @throws when the build fails */
function built(): string {
  if (!existsSync(CLI)) execFileSync("npm", ["run", "build"], { cwd: ROOT, stdio: "pipe", timeout: 120_000 });
  return CLI;
}

function run(args: readonly string[], env: Record<string, string>, seconds: number): Promise<{ ms: number }> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ["ignore", "ignore", "pipe"],
      timeout: Math.ceil(seconds * 1000),
    });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-1000);
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) resolve({ ms: performance.now() - start });
      else reject(new Error(`ended with ${signal ?? `status ${code}`}: ${said.trim().split("\n").at(-1) ?? ""}`));
    });
  });
}
