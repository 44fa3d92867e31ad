/** `lyceum run`, `systems` and `claims` from outside, on a system of a user's own module. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { parseReport } from "../src/teaching/report/index.ts";
import { command, lyceum, ROOT } from "./support/command.ts";

const folder = mkdtempSync(join(tmpdir(), "lyceum-run-"));
const env = { LYCEUM_CACHE: join(folder, "cache"), LYCEUM_STORE: join(folder, "store") };
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Cells that count up slowly; written as a user would who installed the package. */
const MODULE = join(folder, "counting.mjs");
mkdirSync(folder, { recursive: true });
writeFileSync(
  MODULE,
  `import { z } from ${JSON.stringify(pathToFileURL(join(ROOT, "node_modules/zod/index.js")).href)};
export default {
  name: "counting", title: "Counting", summary: "numbers, slowly",
  paper: { title: "On counting", authors: "A. Body", venue: "Nowhere 2000" },
  options: z.object({
    seeds: z.number().int().min(1).default(2).describe("how many cells"),
    waitMs: z.number().min(0).default(1).describe("pause of a cell"),
    words: z.array(z.string()).default(["a", "b"]).describe("some words"),
    loud: z.boolean().default(false).describe("in capitals"),
    way: z.enum(["up", "down"]).default("up"),
  }),
  quick: { seeds: 2 }, full: { seeds: 6 },
  plan: ({ seeds }) => Array.from({ length: seeds }, (_, i) => ({ id: "cell " + (i + 1), task: i + 1 })),
  async *work(task, { options, signal }) {
    for (let i = 0; i < 10; i++) {
      await new Promise((resolve) => setTimeout(resolve, options.waitMs));
      if (signal?.aborted) throw Object.assign(new Error("stopped"), { code: "E_STOPPED" });
      yield { type: "working", stage: "counting", done: i + 1, of: 10 };
    }
    return { metrics: { value: task } };
  },
  conclude(outcomes) {
    const values = [...outcomes.values()].map(({ metrics }) => metrics.value);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const metrics = { value: { values, mean, ci95: values.length > 1 ? [0, 9] : null, unit: "" } };
    return { arms: [{ name: "count", role: "student", params: null, flops: null, seconds: 0, metrics }], comparisons: [] };
  },
  claims: [{ id: "c", text: "It counts.", paper: "it counts", criterion: "the mean is above 1",
    judge: ({ arms }) => ({ measured: String(arms[0].metrics.value.mean), verdict: "holds" }) }],
};
`,
);
const run = (...words: string[]) => lyceum(["run", MODULE, ...words], { env, cwd: folder });

describe("lyceum run", () => {
  test("shows the flags of the system's options in its help", async () => {
    const { status, stdout } = await run("--help");
    expect(status).toBe(0);
    for (const flag of [
      "--seeds <n>",
      "--wait-ms <n>",
      "--words <name,name>",
      "--loud",
      "--way <name>",
      "--full",
      "--jobs <n>",
    ])
      expect(stdout).toContain(flag);
    expect(stdout).toContain("up, down");
  });

  test("runs, prints the arms and the verdicts, leaves the report; --json prints it", async () => {
    const { status, stdout, stderr } = await run("--seeds", "3", "--words", "x,y", "--loud", "--out", "runs/a");
    expect({ status, stderr: stderr.includes("error") }).toEqual({ status: 0, stderr: false });
    expect(stdout).toMatch(/holds +It counts\. Measured: 2\./);
    expect(stdout).toContain("report.html");
    expect(stderr).toContain("Counting on");
    const again = await run("--seeds", "3", "--words", "x,y", "--loud", "--out", "runs/a", "--json");
    const report = parseReport(JSON.parse(again.stdout));
    expect(report.options).toEqual({ seeds: 3, waitMs: 1, words: ["x", "y"], loud: true, way: "up" });
    expect(again.stderr).toContain("3 parts were finished before");
    expect(JSON.parse((await run("--full", "--json")).stdout)).toMatchObject({ options: { seeds: 6 } });
  });

  test.each([
    [["--seeds", "0"], "E_OPTION"],
    [["--seeds", "many"], "E_OPTION"],
    [["--way", "sideways"], "E_OPTION"],
    [["--sedes", "3"], "E_USAGE"],
    [["--quick", "--full"], "E_USAGE"],
    [["--jobs", "0"], "E_USAGE"],
    [["extra"], "E_USAGE"],
  ])("%s is answered with %s", async (words, code) => {
    const { status, stdout, stderr } = await run(...words);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(new RegExp(`^error ${code}: .{10,}\\n {2}\\S.{5,}\\n$`));
  });

  test("an unknown system is answered with the known ones", async () => {
    const { status, stderr } = await lyceum(["run", "no-such-system"], { env });
    expect(status).toBe(2);
    expect(stderr).toMatch(/^error E_SYSTEM_UNKNOWN: /);
  });

  test("is killed and goes on with what is left", { timeout: 60_000 }, async () => {
    const words = ["run", MODULE, "--seeds", "4", "--wait-ms", "60", "--jobs", "1", "--out", join(folder, "killed")];
    const [node, ...args] = command(words);
    const child = spawn(node!, args, { env: { ...process.env, ...env }, stdio: ["ignore", "ignore", "pipe"] });
    let told = "";
    await new Promise<void>((resolve, reject) => {
      child.stderr.on("data", (text: Buffer) => {
        told += String(text);
        if (told.includes("✓ cell 1")) resolve();
      });
      child.on("close", () => reject(new Error(`ended before it could be killed: ${told}`)));
    });
    const gone = new Promise((resolve) => child.on("exit", resolve));
    child.kill("SIGKILL");
    await gone;
    const { status, stdout, stderr } = await lyceum(["resume", join(folder, "killed")], { env });
    expect({ status, stderr: stderr.includes("error") }).toEqual({ status: 0, stderr: false });
    expect(stderr).toMatch(/[1-3] parts were finished before/);
    expect(stdout).toContain("It counts.");
  });
});

test("lyceum systems and lyceum claims list what there is", async () => {
  const systems = await lyceum(["systems"], { env });
  expect({ status: systems.status, stderr: systems.stderr }).toEqual({ status: 0, stderr: "" });
  expect(systems.stdout).toContain("what you get from it");
  const claims = await lyceum(["claims", "runs/a"], { env, cwd: folder });
  expect(claims.stdout).toMatch(/counting +holds +It counts\./);
});
