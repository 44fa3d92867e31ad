/** The commands of language models from outside: a lesson on text, and what can be done with the student it leaves. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { madeText } from "../src/language/course/corpus.ts";
import { fakeServer } from "../src/language/endpoint/testing-server.ts";
import { withoutTimes } from "../src/teaching/index.ts";
import { parseReport } from "../src/teaching/report/index.ts";
import { command, lyceum, type Ran } from "./support/command.ts";

const folder = mkdtempSync(join(tmpdir(), "lyceum-language-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

const run = join(folder, "run");
const student = join(run, "student");
const lesson = ["teach", "--task", "text", "--data", at("text.txt", madeText(3000))];
const smallest = ["--teacher", "llama-0.03m", "--student", "llama-0.03m", "--epochs"];

let taught: Ran;
beforeAll(async () => {
  taught = await lyceum([...lesson, ...smallest, "2", "--monitor", "hacking", "--out", run]);
}, 120_000);

describe("teach --task text", () => {
  test("table on standard output, progress on standard error, models in the folder", () => {
    const { status, stdout, stderr } = taught;
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: expect.stringContaining("llama-0.03m teaches llama-0.03m"),
    });
    for (const arm of ["llama-0.03m teacher", "distilled student", "from scratch"]) expect(stdout).toContain(arm);
    expect(stdout).toContain(`  ${student}\n`);
    expect(stderr).toMatch(/✓ distilled student, seed 1 +validation agreement .*cross-entropy/);
    const report = parseReport(JSON.parse(readFileSync(join(run, "report.json"), "utf8")));
    expect(report.command).toMatch(/^lyceum teach --task text /);
    expect(report.values).toEqual({ hackingAlarms: [] });
  });

  test("Ctrl-C keeps a checkpoint; lyceum resume ends as an undisturbed run", async () => {
    const [broken, whole] = [join(folder, "broken"), join(folder, "whole")];
    const long = [...lesson, ...smallest, "40", "--seed", "3"];
    let asked = false;
    const interrupted = await lyceum([...long, "--out", broken], {
      onStart: (child) =>
        child.stderr!.on("data", (text: string) => {
          if (asked || !text.includes("✓ teacher")) return;
          asked = true;
          setTimeout(() => child.kill("SIGINT"), 50);
        }),
    });
    expect(interrupted.status).toBe(130);
    expect(interrupted.stderr).toContain(`Interrupted. Go on with: lyceum resume ${broken}\n`);
    expect(existsSync(join(broken, "report.json"))).toBe(false);
    expect((await lyceum(["resume", broken])).status).toBe(0);
    expect((await lyceum([...long, "--out", whole])).status).toBe(0);
    const [a, b] = [broken, whole].map((one) =>
      withoutTimes(parseReport(JSON.parse(readFileSync(join(one, "report.json"), "utf8")))),
    );
    expect(a).toEqual(b);
  }, 240_000);
});

describe("generate", () => {
  const write = (...more: string[]) => lyceum(["generate", student, "--prompt", "the ", "--tokens", "12", ...more]);

  test("the same seed writes the same text, of which --stop cuts the end; JSON and log-probabilities agree", async () => {
    const [first, json, lines] = await Promise.all([
      write("--seed", "5"),
      write("--seed", "5", "--json", "--logprobs"),
      write("--seed", "5", "--logprobs"),
    ]);
    expect({ status: first.status, stderr: first.stderr }).toEqual({ status: 0, stderr: "" });
    const told = JSON.parse(json.stdout) as {
      text: string;
      finish: string;
      tokens: { token: string; logprob: number }[];
    };
    expect(first.stdout.replace(/\n$/, "")).toBe(told.text.replace(/\n$/, ""));
    expect(told.tokens.map(({ token }) => token).join("")).toBe(told.text);
    expect(told.tokens.every(({ logprob }) => logprob <= 0)).toBe(true);
    expect(lines.stdout.trimEnd().split("\n")).toHaveLength(told.tokens.length);
    expect(lines.stdout).toContain(told.tokens[0]!.logprob.toFixed(4));

    const stop = told.text.slice(3, 5);
    const cut = JSON.parse((await write("--seed", "5", "--json", "--stop", stop)).stdout) as {
      text: string;
      finish: string;
    };
    expect(cut).toMatchObject({ text: told.text.slice(0, told.text.indexOf(stop)), finish: "stop" });
  }, 120_000);

  test("a text on standard input is continued", async () => {
    const [node, ...args] = command(["generate", student, "--tokens", "4", "--temperature", "0", "--json"]);
    const child = spawn(node!, args, { stdio: ["pipe", "pipe", "inherit"] });
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stdin.end("a student\n");
    await new Promise((done) => child.on("close", done));
    expect(JSON.parse(stdout)).toMatchObject({ prompt: "a student", count: 4, finish: "length" });
  }, 60_000);
});

test("serve: tells its address, answers, keeps strangers out, and closes on Ctrl-C", async () => {
  const [node, ...args] = command(["serve", student, "--port", "0"]);
  const child: ChildProcess = spawn(node!, args, { env: { ...process.env, LYCEUM_TOKEN: "secret" } });
  let [stdout, stderr] = ["", ""];
  child.stderr!.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const closed = new Promise<number | null>((done) => child.on("close", done));
  try {
    const url = await new Promise<string>((found, failed) => {
      child.stdout!.setEncoding("utf8").on("data", (text: string) => {
        stdout += text;
        const address = /Serving at (\S+)/.exec(stdout)?.[1];
        if (address && stdout.includes("curl")) found(address);
      });
      child.on("close", () => failed(new Error(stderr)));
    });
    expect(stdout).toContain(`curl ${url}/completions`);
    expect(stdout).not.toContain("secret");
    const ask = (token: string) =>
      fetch(`${url}/completions`, {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
        body: JSON.stringify({ model: "student", prompt: "the ", max_tokens: 5, seed: 1 }),
      });
    expect((await ask("wrong")).status).toBe(401);
    const answer = (await (await ask("secret")).json()) as { choices: { text: string }[]; usage: object };
    expect(answer.choices[0]!.text.length).toBeGreaterThan(0);
    expect(answer.usage).toMatchObject({ completion_tokens: 5 });
    child.kill("SIGINT");
    expect(await closed).toBe(0);
  } finally {
    child.kill("SIGKILL");
  }
}, 60_000);

test("label: answers, account and files; the same command asks nothing twice; a budget ends it", async () => {
  const server = await fakeServer();
  try {
    const items = Array.from({ length: 6 }, (_, i) => JSON.stringify({ id: `${i}`, prompt: `question ${i}` })).join(
      "\n",
    );
    const out = join(folder, "labels");
    const job = ["label", "--teacher", `${server.url}#sage`, "--data", at("items.jsonl", items), "--max-tokens", "20"];
    const budget = await lyceum([...job, "--out", out, "--budget-requests", "2"]);
    expect(budget.status).toBe(0);
    expect(budget.stdout).toMatch(/^answers +2 of 6/m);
    expect(budget.stdout).toMatch(/^not asked +4 +the budget is used up/m);
    const prices = ["--price-input", "1", "--price-output", "2"];
    const rest = await lyceum([...job, "--out", out, ...prices]);
    expect(rest.stderr).toContain("gives 6 answers, 2 of them were there before");
    expect(rest.stdout).toMatch(/^answers +6 of 6\s/m);
    expect(rest.stdout).toMatch(/^money +0\.000/m);
    expect(server.log).toHaveLength(6);
    const rows = readFileSync(join(out, "teacher.jsonl"), "utf8").trimEnd().split("\n");
    expect(JSON.parse(rows[3]!)).toMatchObject({ prompt: "question 3", response: "Answer to: question 3" });
  } finally {
    await server.close();
  }
}, 60_000);
