/** The command line from outside: what goes to which stream, exit status, interruption, resumption. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { withoutTimes } from "../src/teaching/index.ts";
import { parseReport } from "../src/teaching/report/index.ts";
import { idxFolder } from "./support/bad.ts";
import { command, lyceum } from "./support/command.ts";

const folder = mkdtempSync(join(tmpdir(), "lyceum-cli-"));
const env = { LYCEUM_CACHE: join(folder, "cache"), LYCEUM_STORE: join(folder, "store") };
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** 2x2 pictures of two classes that anything can tell apart. */
let lesson: string[];
beforeAll(() => {
  const labels = Array.from({ length: 400 }, (_, i) => i % 2);
  lesson = [
    "teach",
    "--data",
    idxFolder(folder, "data", 400, labels),
    "--teacher",
    "mlp-small",
    "--student",
    "mlp-tiny",
  ];
});

describe("help", () => {
  test("names every command and how to begin", async () => {
    const { status, stdout, stderr } = await lyceum(["--help"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    for (const name of ["teach", "resume", "predict", "inspect", "data", "store", "models", "losses", "doctor"])
      expect(stdout).toContain(`\n  ${name}`);
    expect(stdout).toContain("lyceum teach --data fashion-mnist --seeds 3");
  });

  test("imports nothing heavy", async () => {
    // The loader tells which files it reads; the engine and the rooms below must not be among them.
    const [node, ...args] = command(["--help"]);
    const { stderr } = spawnSync(node!, args, { env: { ...process.env, NODE_DEBUG: "esm" }, encoding: "utf8" });
    expect(stderr).toMatch(/command-line\.[jt]s/);
    expect(stderr).not.toMatch(/onnxruntime|\/(src|dist)\/(tensor|nn|data)\//);
  });

  test("no command is help; half a command is a mistake, answered with its help", async () => {
    expect(await lyceum([])).toEqual(await lyceum(["--help"]));
    expect(await lyceum(["data"])).toEqual({ status: 2, stdout: "", stderr: expect.stringContaining("fetch <name>") });
    expect((await lyceum(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect((await lyceum(["teach", "--help"])).stdout).toContain("--student <name|file>");
  });

  test("a reader that goes away is no error", async () => {
    const [node, ...args] = command(["models"]);
    const { status, stderr } = await new Promise<{ status: number | null; stderr: string }>((resolve) => {
      const child = spawn(node!, args, { stdio: ["ignore", "pipe", "pipe"] });
      let errors = "";
      child.stderr!.setEncoding("utf8").on("data", (text: string) => (errors += text));
      child.stdout!.destroy();
      child.on("close", (code) => resolve({ status: code, stderr: errors }));
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });
});

describe("teach", () => {
  test("table on standard output, progress on standard error, files in the folder; then predict and inspect", async () => {
    const out = join(folder, "run");
    const { status, stdout, stderr } = await lyceum([...lesson, "--out", out], { env });
    expect(status).toBe(0);
    for (const arm of ["teacher", "distilled student", "from scratch"]) expect(stdout).toMatch(new RegExp(arm));
    expect(stdout).toContain(join(out, "report.html"));
    expect(stderr).toMatch(/^preparing …\nmlp-small teaches mlp-tiny on /);
    expect(stderr).toMatch(/✓ distilled student, seed 1 +validation accuracy/);
    // Not a terminal: no control codes anywhere.
    expect(stdout + stderr).not.toContain("\x1b");
    expect(readdirSync(out)).toEqual(expect.arrayContaining(["report.html", "report.json", "student.onnx"]));

    const inspected = await lyceum(["inspect", out], { env });
    expect(inspected.stdout).toContain("distilled student");
    const described = await lyceum(["inspect", join(out, "student.onnx")], { env });
    expect(described.stdout).toMatch(/input +image: float \[batch, 1, 2, 2\]/);

    const picture = join(folder, "picture.png");
    await sharp(Buffer.alloc(4, 9), { raw: { width: 2, height: 2, channels: 1 } })
      .png()
      .toFile(picture);
    const predicted = await lyceum(["predict", join(out, "student.onnx"), picture, "--json"], { env });
    const [answer] = JSON.parse(predicted.stdout) as { image: string; top: { label: string; probability: number }[] }[];
    expect(answer!.image).toBe(picture);
    expect(answer!.top.map(({ label }) => label).sort()).toEqual(["0", "1"]);
    expect(answer!.top.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 5);

    const stored = await lyceum(["store", "list"], { env });
    expect(stored.stdout).toMatch(/\blogits\b.*\bwhole\b/);
    expect((await lyceum(["store", "verify"], { env })).stdout).toMatch(/[1-9]\d* chunks read, 0 problems/);
  });

  test("--json: the report alone on standard output", async () => {
    const { status, stdout } = await lyceum([...lesson, "--json", "--seed", "7", "--out", join(folder, "json")], {
      env,
    });
    expect(status).toBe(0);
    const report = parseReport(JSON.parse(stdout));
    expect(report.seeds).toEqual([7]);
    expect(report.command).toMatch(/^lyceum teach --data .* --seed 7 --out /);
  });

  test("Ctrl-C keeps a checkpoint and says how to go on; the resumed run ends as an undisturbed one", async () => {
    const [broken, whole] = [join(folder, "broken"), join(folder, "whole")];
    const long = [...lesson, "--epochs", "400", "--seed", "3"];
    let asked = false;
    const interrupted = await lyceum([...long, "--out", broken], {
      env,
      onStart: (child) =>
        child.stderr!.on("data", (text: string) => {
          // Once only: a second Ctrl-C ends the work at once, with its lock in place.
          if (asked || !text.includes("labelling")) return;
          asked = true;
          setTimeout(() => child.kill("SIGINT"), 50);
        }),
    });
    expect(interrupted.status).toBe(130);
    expect(interrupted.stderr).toContain(`Interrupted. Go on with: lyceum resume ${broken}\n`);
    expect(interrupted.stdout).toBe("");
    expect(existsSync(join(broken, "run.lock"))).toBe(false);

    expect((await lyceum(["resume", broken], { env })).status).toBe(0);
    expect((await lyceum([...long, "--out", whole], { env })).status).toBe(0);
    const [a, b] = [broken, whole].map((run) =>
      withoutTimes(parseReport(JSON.parse(readFileSync(join(run, "report.json"), "utf8")))),
    );
    expect(a).toEqual(b);
    const [student, same] = [broken, whole].map((run) => readFileSync(join(run, "student.onnx")));
    expect(student!.equals(same!)).toBe(true);
  });
});

describe("lists and checks", () => {
  test("losses, models and data", async () => {
    expect((await lyceum(["losses"])).stdout).toMatch(/^kd +0\.9 +logits/m);
    expect((await lyceum(["models"])).stdout).toMatch(/^mlp-large +2,395,210 /m);
    expect((await lyceum(["data", "list"], { env })).stdout).toMatch(/^drawn-digits +built in/m);
    const shown = await lyceum(["data", "show", lesson[2]!], { env });
    expect(shown.stdout).toMatch(/^example +\[1, 2, 2\] bytes$/m);
  });

  test("doctor finds this machine and all losses well", async () => {
    const { status, stdout } = await lyceum(["doctor"], { env });
    expect(stdout).not.toContain("✗");
    for (const name of ["engine", "gradient", "loss kd", "loss rkd", "T² law"]) expect(stdout).toContain(`✓ ${name}`);
    expect(status).toBe(0);
  });
});
