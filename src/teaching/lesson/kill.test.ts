/** Killed with -9 again and again, a run ends with the bits of one that was left alone. */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { random } from "../../tensor/index.ts";
import { parseReport } from "../report/index.ts";
import { withoutTimes } from "./assemble.ts";

/** The bar is 20 kills (LYCEUM_KILLS=20); each costs the start of a process. */
const KILLS = Number(process.env.LYCEUM_KILLS ?? 4);
const program = fileURLToPath(new URL("./testing-run.ts", import.meta.url));

let root: string;
const children = new Set<ChildProcess>();
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), "lyceum-kill-"));
});
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(root, { recursive: true, force: true });
});

/** Runs the lesson; kills it when it has told of `after` events. Resolves to whether it finished. */
function run(name: string, after = Number.POSITIVE_INFINITY): Promise<{ finished: boolean; errors: string }> {
  const child = spawn(process.execPath, [
    "--import",
    "tsx",
    program,
    path.join(root, name),
    path.join(root, `${name}-store`),
  ]);
  let heard = 0;
  let errors = "";
  let finished = false;
  child.stderr.on("data", (text: Buffer) => {
    errors += text;
  });
  child.stdout.on("data", (text: Buffer) => {
    const lines = text.toString().split("\n").filter(Boolean);
    heard += lines.length;
    finished ||= lines.includes("finished");
    if (heard >= after) child.kill("SIGKILL");
  });
  children.add(child);
  return new Promise((resolve) => child.on("close", () => resolve({ finished, errors })));
}

const results = (name: string) => {
  const folder = path.join(root, name);
  const read = (file: string) => readFileSync(path.join(folder, file));
  const hash = (file: string) => createHash("sha256").update(read(file)).digest("hex");
  return {
    report: withoutTimes(parseReport(JSON.parse(read("report.json").toString()))),
    files: ["student.onnx", "student.safetensors", "teacher.onnx"].map(hash),
    // A kill after the last event leaves its lock behind, to be taken over.
    rest: readdirSync(folder)
      .filter((name) => name !== "run.lock")
      .sort(),
  };
};

it(`${KILLS} kills at random moments`, { timeout: 60_000 + 30_000 * KILLS }, async () => {
  expect(await run("alone")).toEqual({ finished: true, errors: "" });
  const alone = results("alone");
  // Every event is a possible moment; checkpoints are so frequent that many kills hit the writing of one.
  const moments = [...random.uniform(random.key(11), KILLS)];
  let killed = 0;
  // A run that ends in spite of a late kill is compared, and the next one takes the kills that are left.
  for (let round = 0; killed < KILLS; round++) {
    const name = `killed-${round}`;
    for (let done = false; !done; ) {
      const last = killed === KILLS;
      const { finished, errors } = await run(name, last ? undefined : 1 + Math.floor(moments[killed]! * 40));
      expect(errors).toBe("");
      if (!finished) killed++;
      done = finished;
    }
    expect(results(name)).toEqual(alone);
  }
});
