/** Whole courses of the smallest models on a page of text. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { LessonEvent } from "../../teaching/events.ts";
import { withoutTimes } from "../../teaching/lesson/assemble.ts";
import { parseReport, type Report } from "../../teaching/report/index.ts";
import { key } from "../../tensor/index.ts";
import { decoder, llama } from "../decoder/index.ts";
import { fakeServer } from "../endpoint/testing-server.ts";
import { loadDecoder, saveDecoder } from "../files/index.ts";
import { createEngine } from "../generate/index.ts";
import { CUSTOMARY_SHARES, splitByShares } from "../text/index.ts";
import { characterTokeniser, loadTokeniser } from "../tokenisers/index.ts";
import { madeText } from "./corpus.ts";
import { type CourseOptions, teachCourse } from "./index.ts";

const root = mkdtempSync(join(tmpdir(), "lyceum-course-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const text = madeText(3000);
const data = join(root, "text.txt");
writeFileSync(data, text);

type Finished = Extract<LessonEvent, { type: "finished" }>;

async function learn(name: string, options: Partial<CourseOptions> = {}, hear = (_event: LessonEvent) => {}) {
  const sizes = { teacher: "llama-0.03m", student: "llama-0.03m", context: 16, epochs: 1 };
  let finished: Finished | undefined;
  for await (const event of teachCourse({ data, ...sizes, out: join(root, name), ...options })) {
    hear(event);
    if (event.type === "finished") finished = event;
  }
  return { report: parseReport(finished!.report), files: finished!.files };
}

const armOf = (report: Report, role: string) => report.arms.find((arm) => arm.role === role)!;

let whole: Awaited<ReturnType<typeof learn>>;
beforeAll(async () => {
  whole = await learn("whole", { seeds: [1, 2], epochs: 2 });
});

test("a report with three arms, metrics that agree with each other, and samples", () => {
  const { report, files } = whole;
  expect(report.arms.map(({ role }) => role)).toEqual(["teacher", "student", "baseline"]);
  const student = armOf(report, "student");
  expect(Object.keys(student.metrics)).toEqual([
    ...["crossEntropy", "natsPerCharacter", "bitsPerByte", "klToTeacher", "agreement"],
  ]);
  expect(student.metrics.crossEntropy!.values).toHaveLength(2);
  // Learnt something: below the uniform distribution, from which everybody starts.
  for (const arm of report.arms) expect(arm.metrics.crossEntropy!.mean).toBeLessThan(Math.log(26) - 0.2);
  const closer = report.comparisons.find(({ metric, b }) => metric === "klToTeacher" && b === "from scratch")!;
  expect(closer.mean).toBeLessThan(0);
  expect(report.figures![0]!.kind === "table" && report.figures![0]!.rows).toHaveLength(3);
  for (const file of ["report.html", "student/onnx/model.onnx", "student/tokenizer.json", "teacher/config.json"]) {
    expect(existsSync(join(root, "whole", file))).toBe(true);
  }
  expect(files.student).toBe(join(root, "whole", "student"));
});

test("the saved student is the examined one: its folder foretells the test text as the report says", async () => {
  const { config, params, tokeniser: file } = await loadDecoder(whole.files.student!);
  const tokeniser = loadTokeniser(file!);
  const ids = [...tokeniser.encode(splitByShares(text, CUSTOMARY_SHARES).test), tokeniser.special.end!];
  // One more than a row: the engine scores labels as tokens of the sequence; rotary positions have no parameters.
  const engine = await createEngine(decoder({ ...config, context: 17 }), params);
  let [sum, count] = [0, 0];
  for (let from = 0; from + 1 < ids.length; from += 16) {
    for (const { logProbability } of await engine.score(ids.slice(from, from + 17))) {
      sum -= logProbability;
      count++;
    }
  }
  await engine.release();
  const said = armOf(whole.report, "student").metrics.crossEntropy!.values;
  // It is one of the two seeds; f32 through two programs.
  expect(Math.min(...said.map((value) => Math.abs(value - sum / count)))).toBeLessThan(1e-4);
});

test("stopped in the middle of an arm, it goes on and ends as an undisturbed one, bit for bit", async () => {
  const stop = new AbortController();
  let steps = 0;
  const hear = (event: LessonEvent) => {
    if (event.type === "exam" && event.stage === "distilled student, seed 2" && ++steps === 3) stop.abort();
  };
  const options = { seeds: [1, 2], epochs: 2 };
  await expect(learn("broken", { ...options, signal: stop.signal }, hear)).rejects.toMatchObject({ code: "E_STOPPED" });
  const states: string[] = [];
  const resumed = await learn("broken", options, (event) => {
    if (event.type === "stage") states.push(event.state);
  });
  expect(states).toEqual(expect.arrayContaining(["was finished", "resumes", "begins"]));
  expect(withoutTimes(resumed.report)).toEqual(withoutTimes(whole.report));
  const bytes = (name: string) => readFileSync(join(root, name, "student", "model.safetensors"));
  expect(bytes("broken").equals(bytes("whole"))).toBe(true);
  await expect(learn("broken", { ...options, loss: "jsd" })).rejects.toMatchObject({ code: "E_RUN_MISMATCH" });
});

test.each([
  { source: "offline", loss: "sequence" },
  { source: "online-student", loss: "reverse-kl" },
  { source: "text", loss: "skew-reverse-kl", monitor: "hacking" },
  { source: "mixture", loss: "jsd" },
])("$loss on $source, from the folder of a teacher", async (options) => {
  const teacher = join(root, "whole", "teacher");
  const stages: string[] = [];
  const { report } = await learn(options.loss, { ...options, teacher }, (event) => {
    if (event.type === "started") stages.push(...event.stages);
  });
  expect(stages).toEqual(["distilled student, seed 1", "from scratch, seed 1", "exam"]);
  // The teacher is the one that was trained before, on the same test text.
  const [before, now] = [whole.report, report].map((one) => armOf(one, "teacher").metrics.crossEntropy!.mean);
  expect(now).toBeCloseTo(before!, 6);
  expect(armOf(report, "student").metrics.klToTeacher!.mean).toBeGreaterThan(0);
  expect(report.values?.hackingAlarms).toEqual(options.monitor ? expect.any(Array) : undefined);
});

test.each([
  ["forward-kl", "text"],
  ["reverse-kl", "online-teacher"],
  ["sequence", "offline"],
])("a teacher that is an ONNX file teaches as the model that it was: %s on %s", async (loss, source) => {
  const folder = join(root, "whole", "teacher");
  const bare = join(root, "bare");
  mkdirSync(join(bare, "onnx"), { recursive: true });
  for (const name of ["tokenizer.json", "config.json", "generation_config.json", "onnx/model.onnx"]) {
    copyFileSync(join(folder, name), join(bare, name));
  }
  const run = (name: string, teacher: string) => learn(`${name} ${loss}`, { loss, source, teacher });
  const [{ report: own }, { report }, { report: found }] = [
    await run("own", folder),
    await run("file", join(bare, "onnx", "model.onnx")),
    await run("found", bare),
  ];
  expect(armOf(report, "teacher")).toMatchObject({ name: "bare teacher", flops: null });
  expect(armOf(report, "teacher").params).toBeGreaterThan(0.9 * armOf(own, "teacher").params!);
  for (const role of ["teacher", "student", "baseline"]) {
    const [a, b] = [own, report].map((one) => armOf(one, role).metrics);
    expect(Object.keys(b!)).toEqual(Object.keys(a!));
    // The same arithmetic in another order; words that are drawn may differ where two are as likely.
    const digits = role === "student" && source !== "text" ? 1 : 3;
    for (const name of Object.keys(a!)) expect(b![name]!.mean).toBeCloseTo(a![name]!.mean, digits);
  }
  expect(found.arms.map(({ metrics }) => metrics)).toEqual(report.arms.map(({ metrics }) => metrics));
});

test("an ONNX teacher without its tokeniser is refused", async () => {
  const alone = join(root, "alone", "deep");
  mkdirSync(alone, { recursive: true });
  copyFileSync(join(root, "whole", "teacher", "onnx", "model.onnx"), join(alone, "model.onnx"));
  await expect(learn("alone run", { teacher: join(alone, "model.onnx") })).rejects.toMatchObject({
    code: "E_TOKENISER_FILE",
  });
  await expect(learn("no file", { teacher: join(alone, "other.onnx") })).rejects.toMatchObject({
    code: "E_TEACHER_FILE",
  });
});

test("a teacher behind an endpoint answers prompts, and the student learns its words", async () => {
  const server = await fakeServer();
  try {
    const { report } = await learn("endpoint", { teacher: `${server.url}#sage`, epochs: 6, context: 32 });
    expect(server.log.length).toBeGreaterThan(10);
    expect(armOf(report, "teacher")).toMatchObject({ params: null, metrics: {} });
    expect(armOf(report, "student").metrics).not.toHaveProperty("klToTeacher");
    const student = armOf(report, "student").metrics.crossEntropy!.mean;
    expect(student).toBeGreaterThan(0);
  } finally {
    await server.close();
  }
});

test("a student of another tokeniser is refused", async () => {
  const other = join(root, "other");
  const tokeniser = characterTokeniser([..."xyz"], { special: ["end"] });
  const config = llama({ vocabulary: tokeniser.size, context: 16, width: 8, layers: 1, heads: 1 });
  await saveDecoder(other, { config, params: decoder(config).model.init(key(1)).params, tokeniser });
  const options = { teacher: join(root, "whole", "teacher"), student: other };
  await expect(learn("two", options)).rejects.toMatchObject({ code: "E_COURSE" });
  await expect(learn("none", { student: "llama-9m" })).rejects.toMatchObject({ code: "E_MODEL_UNKNOWN" });
  expect(existsSync(join(root, "none", "lesson.json"))).toBe(false);
});
