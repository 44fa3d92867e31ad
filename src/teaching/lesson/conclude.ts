/** The end of a run: every arm sits the exam on the test part, the student is exported, the report is written. */
import { createHash } from "node:crypto";
import path from "node:path";
import { countOf } from "../../data/dataset.ts";
import { hashDataset } from "../../data/hash.ts";
import { encodeSafetensors } from "../../data/safetensors.ts";
import { toRecord } from "../../nn/io.ts";
import { currentBackend } from "../../tensor/index.ts";
import { networkExaminee, teacherExaminee } from "../answer.ts";
import type { LessonEvent } from "../events.ts";
import type { Answers } from "../exams/answers.ts";
import { type ExamResult, examine, medianLatencies } from "../exams/index.ts";
import { bytesOf, writeAtomic } from "../files.ts";
import { exportNetwork, type NetworkState } from "../network.ts";
import { collectEnvironment } from "../report/environment.ts";
import type { Report } from "../report/schema.ts";
import { writeReport } from "../report/write.ts";
import { modelTeacher } from "../teacher.ts";
import type { Trained } from "./arm.ts";
import { type ArmResult, findings } from "./assemble.ts";
import type { Lesson } from "./distil.ts";

const STAGE = "exam";

export async function* conclude(lesson: Lesson): AsyncGenerator<LessonEvent, void> {
  const { options, settled, split, network, teacher, own, pairs, recipes, notes } = lesson;
  const { test } = split;
  yield { type: "stage", stage: STAGE, state: "begins" };

  // Files first: they need no exam.
  const best = pairs.reduce((a, b) => (validation(b.taught) > validation(a.taught) ? b : a));
  const files: Record<string, string> = {};
  const write = async (name: string, bytes: Uint8Array) => {
    files[name] = path.join(options.out, name);
    await writeAtomic(files[name], [bytes]);
    return { name, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
  };
  const metadata = { "lyceum.seed": String(best.seed), "lyceum.data": split.source.name };
  const exported = exportNetwork(network, best.taught, { classes: test.classes, metadata });
  const studentFile = await write("student.onnx", exported);
  await write("student.safetensors", safetensorsOf(network.model, best.taught, metadata));
  const teacherFile =
    own && (await write("teacher.onnx", exportNetwork(own.network, own.trained, { classes: test.classes })));

  const total = 1 + 2 * pairs.length;
  let done = 0;
  const working = (): LessonEvent => ({ type: "working", stage: STAGE, done: ++done, of: total });
  const asked = teacherExaminee(teacher);
  const said = await asked.answer(undefined, test);
  const teacherExam = examine(said, test.labels);
  yield { type: "exam", stage: "teacher", step: 0, on: "test", metrics: teacherExam.metrics };
  yield working();

  const examinee = networkExaminee(network);
  const sit = async (state: NetworkState) => {
    const answers = await examinee.answer(state, test);
    return { answers, exam: examine(answers, test.labels, said) };
  };
  const results: Record<"taught" | "scratch", { answers: Answers; exam: ExamResult }[]> = { taught: [], scratch: [] };
  for (const pair of pairs) {
    for (const side of ["taught", "scratch"] as const) {
      const result = await sit(pair[side]);
      results[side].push(result);
      const stage = side === "taught" ? "distilled student" : "from scratch";
      yield { type: "exam", stage: `${stage}, seed ${pair.seed}`, step: 0, on: "test", metrics: result.exam.metrics };
      yield working();
    }
  }
  const one = {
    ...test,
    inputs: test.inputs.subarray(0, test.inputs.length / countOf(test)),
    labels: test.labels.slice(0, 1),
  };
  // All three as frozen programs: the way a model is used, and the same way for each.
  const frozen = [teacher, await modelTeacher(network, best.taught), await modelTeacher(network, best.scratch)].map(
    teacherExaminee,
  );
  const [ofTeacher, ofTaught, ofScratch] = (await medianLatencies(
    frozen.map((who) => () => who.answer(undefined, one)),
  )) as [number, number, number];
  await Promise.all(frozen.map((who) => who.release()));
  const students = (
    name: string,
    role: ArmResult["role"],
    side: "taught" | "scratch",
    latencyMs: number,
  ): ArmResult => ({
    name,
    role,
    params: network.model.params.size,
    flops: network.model.flops,
    seeds: settled.seeds,
    exams: results[side].map((r) => r.exam),
    answers: results[side].map((r) => r.answers),
    logs: pairs.map((p) => p[side].log),
    seconds: pairs.reduce((sum, p) => sum + p[side].seconds, 0),
    latencyMs,
    ...(side === "taught" && { file: studentFile }),
  });
  const teacherArm: ArmResult = {
    name: `${teacher.name} teacher`,
    role: "teacher",
    params: teacher.params,
    flops: teacher.flops,
    seeds: [0],
    exams: [teacherExam],
    answers: [said],
    ...(own && { logs: [own.trained.log] }),
    seconds: own?.trained.seconds ?? 0,
    latencyMs: ofTeacher,
    ...(teacherFile && { file: teacherFile }),
  };
  const taught = students("distilled student", "student", "taught", ofTaught);
  const scratch = students("from scratch", "baseline", "scratch", ofScratch);
  await Promise.all([asked.release(), examinee.release()]);

  const report: Report = {
    system: "distil",
    version: options.version ?? "0.0.0",
    options: { ...settled, recipes: own ? recipes : { student: recipes.student } },
    seeds: [...settled.seeds],
    created: new Date().toISOString(),
    ...(options.command && { command: options.command }),
    data: {
      name: split.source.title ?? split.source.name,
      sha256: await hashDataset(split.train),
      splits: { train: countOf(split.train), validation: countOf(split.validation), test: countOf(test) },
      ...(split.source.licence && { licence: split.source.licence }),
    },
    environment: collectEnvironment({ engine: (await currentBackend()).name, lyceum: options.version ?? "0.0.0" }),
    ...findings(teacherArm, taught, scratch, test),
    notes: [
      ...(split.source.notes ?? []),
      ...notes,
      `Both students had the same start values, batches and number of steps per seed; decisions were taken on ${countOf(split.validation)} validation examples, the test part was used once.`,
      `student.onnx is the distilled student of seed ${best.seed}, the best of ${pairs.length} on the validation part.`,
    ],
  };
  const written = await writeReport(report, options.out);
  yield { type: "stage", stage: STAGE, state: "ends" };
  yield { type: "finished", report, files: { ...files, "report.json": written.json, "report.html": written.html } };
}

/** Accuracy at the end of training, on the validation part. */
const validation = ({ log }: Trained): number => log.exams.at(-1)?.metrics.accuracy ?? 0;

function safetensorsOf(
  model: Lesson["network"]["model"],
  state: NetworkState,
  metadata: Record<string, string>,
): Uint8Array {
  const record = toRecord(model, state);
  const tensors = Object.entries(record).map(
    ([name, { shape, data }]) => [name, { dtype: "F32" as const, shape, bytes: bytesOf(data) }] as const,
  );
  return encodeSafetensors(Object.fromEntries(tensors), { "lyceum.model": model.name, ...metadata });
}
