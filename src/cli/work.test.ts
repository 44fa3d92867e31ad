/** The conversation with the computing process, with small programs in its place. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";
import { LyceumError } from "../errors.ts";
import { Interrupted } from "./interrupted.ts";
import { runJob } from "./work.ts";

const folder = mkdtempSync(join(tmpdir(), "lyceum-work-"));
afterAll(() => rmSync(folder, { recursive: true }));

let made = 0;
/** A child that says it is ready and then does `body`; `message` is what it was told. */
function program(body: string): URL {
  const file = join(folder, `${made++}.mjs`);
  const head =
    'process.on("SIGINT", () => {}); process.send({ kind: "ready" }); process.on("message", async (message) => {';
  writeFileSync(file, `${head}\n${body}\n});\n`);
  return pathToFileURL(file);
}

const run = (body: string, events: unknown[] = [], said: string[] = []) =>
  runJob(
    { name: "job" },
    {
      module: program(body),
      onEvent: (event) => {
        events.push(event);
      },
      say: (line) => {
        said.push(line);
      },
      howToResume: () => "Continue with: lyceum resume here",
    },
  );

test("events arrive in order, typed arrays included, none is lost when the child ends at once", async () => {
  const events: { i: number; data: Float32Array }[] = [];
  await run(
    `for (let i = 0; i < 500; i++) process.send({ kind: "event", event: { i, data: Float32Array.of(i) } });
     process.send({ kind: "done" }, () => process.disconnect());`,
    events,
  );
  expect(events.map(({ i, data }) => [i, data[0]])).toEqual(Array.from({ length: 500 }, (_, i) => [i, i]));
  expect(events[0]!.data).toBeInstanceOf(Float32Array);
});

test("an error of the job comes back with code, message and hint", async () => {
  const failed = run(
    'process.send({ kind: "failed", error: { code: "E_NAN", message: "The loss is NaN.", hint: "Lower lr." } });',
  );
  await expect(failed).rejects.toBeInstanceOf(LyceumError);
  await expect(failed).rejects.toMatchObject({ code: "E_NAN", message: "The loss is NaN. Lower lr." });
});

test("an error without a code stays an error of ours", async () => {
  const failed = run('process.send({ kind: "failed", error: { message: "x is undefined" } });');
  await expect(failed).rejects.not.toBeInstanceOf(LyceumError);
  await expect(failed).rejects.toThrow("x is undefined");
});

test("a process that is killed leaves a message that says how to go on", async () => {
  await expect(run('process.kill(process.pid, "SIGKILL");')).rejects.toMatchObject({
    code: "E_WORKER",
    message:
      "The process that computes was ended by SIGKILL. Often that is the system running out of memory. Continue with: lyceum resume here",
  });
});

test("a process that ends by itself without a word is told with its status", async () => {
  await expect(run("process.exit(7);")).rejects.toMatchObject({ code: "E_WORKER", message: /ended with status 7\./ });
});

test("Ctrl-C asks the job to stop; it ends in an interruption", async () => {
  const said: string[] = [];
  const interrupted = run(
    `if (message.kind === "stop") process.send({ kind: "stopped" }, () => process.disconnect());
     else process.send({ kind: "event", event: 1 });`,
    { push: () => process.emit("SIGINT") } as unknown as unknown[],
    said,
  );
  await expect(interrupted).rejects.toBeInstanceOf(Interrupted);
  await expect(interrupted).rejects.toThrow("Interrupted. Continue with: lyceum resume here");
  expect(said).toEqual(["Stopping after this step. Press Ctrl-C again to stop at once."]);
});

test("a second Ctrl-C does not wait for a job that never stops", async () => {
  const interrupted = run('if (message.kind === "start") process.send({ kind: "event", event: 1 });', {
    push: () => {
      process.emit("SIGINT");
      process.emit("SIGINT");
    },
  } as unknown as unknown[]);
  await expect(interrupted).rejects.toBeInstanceOf(Interrupted);
});

test("no handler of signals is left behind", async () => {
  const before = process.listenerCount("SIGINT");
  await run('process.send({ kind: "done" }, () => process.disconnect());');
  expect(process.listenerCount("SIGINT")).toBe(before);
});
