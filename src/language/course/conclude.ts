/** The end of a course: models are saved, every arm sits the exam on test text and writes a sample, the report follows. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { LessonEvent } from "../../teaching/events.ts";
import { collectEnvironment } from "../../teaching/report/environment.ts";
import type { Report } from "../../teaching/report/schema.ts";
import { writeReport } from "../../teaching/report/write.ts";
import { currentBackend, key } from "../../tensor/index.ts";
import { exportForBrowser, saveDecoder } from "../files/index.ts";
import type { TrainedText } from "./arm.ts";
import type { Course, TextPair } from "./course.ts";
import { examiner, examOf, type TextExam } from "./exam.ts";
import { armOf, beatsScratch, comparisonsOf, samplesFigure, seriesOf, TEXT_METRICS, type TextArm } from "./findings.ts";
import { type SampleOptions, sampleTexts, type Written } from "./sample.ts";
import { promptsOf } from "./sources.ts";
import { continuation, type Teacher } from "./teacher.ts";

const STAGE = "exam";

export async function* conclude(
  course: Course,
  teacher: Teacher | undefined,
  pairs: readonly TextPair[],
): AsyncGenerator<LessonEvent, void> {
  const { options, settled, corpus, cast, parts } = course;
  const { decoder } = cast.student;
  yield { type: "stage", stage: STAGE, state: "begins" };

  // Files first: they need no exam.
  const best = pairs.reduce((a, b) => (validation(b.taught) < validation(a.taught) ? b : a));
  const files: Record<string, string> = { student: path.join(options.out, "student") };
  const file = await saved(course, files.student!, decoder.config, best.taught.params);
  const { own } = teacher ?? {};
  if (own?.trained) {
    files.teacher = path.join(options.out, "teacher");
    await saved(course, files.teacher, own.decoder.config, own.params);
  }

  const total = 1 + 2 * pairs.length;
  let done = 0;
  const working = (): LessonEvent => ({ type: "working", stage: STAGE, done: ++done, of: total });
  const examined = (stage: string, { metrics }: TextExam): LessonEvent => ({
    ...{ type: "exam", stage, step: 0, on: "test", metrics },
  });
  const teacherExams: TextExam[] = [];
  if (teacher) {
    teacherExams.push(await examOf(teacher, parts.test));
    yield examined("teacher", teacherExams[0]!);
  }
  yield working();
  const exam = examiner(decoder, parts.test, teacher);
  const exams: Record<"taught" | "scratch", TextExam[]> = { taught: [], scratch: [] };
  try {
    for (const pair of pairs) {
      for (const side of ["taught", "scratch"] as const) {
        const result = await exam.sit(pair[side].params);
        exams[side].push(result);
        yield examined(`${side === "taught" ? "distilled student" : "from scratch"}, seed ${pair.seed}`, result);
        yield working();
      }
    }
  } finally {
    await exam.release();
  }

  const [prompt] = promptsOf(parts.test.rows, 1);
  const students = [best.taught, best.scratch].map(({ params }) => ({ decoder, params }));
  const writing = { tokeniser: cast.tokeniser, prompt: prompt!, endTokens: cast.endTokens, key: key(0) };
  const texts = await sampleTexts([...students, ...(own ? [own] : [])], writing);
  const [ofTaught, ofScratch, ofOwn] = texts as [Written, Written, Written?];
  const ofTeacher = teacher && (ofOwn ?? (await spoken(teacher, writing)));
  const teacherArm: TextArm = {
    name: `${cast.teacher?.name ?? cast.foreign?.name ?? settled.teacher} teacher`,
    role: "teacher",
    params: teacher?.params ?? null,
    flops: teacher?.flops ?? null,
    seeds: [0],
    exams: teacherExams,
    logs: own?.trained ? [own.trained.log] : [],
    seconds: own?.trained?.seconds ?? 0,
    ...(ofTeacher && { written: ofTeacher }),
  };
  const student = (side: "taught" | "scratch", written: Written): Omit<TextArm, "name" | "role"> => ({
    ...{ params: decoder.model.params.size, flops: decoder.model.flops / decoder.config.context },
    ...{ seeds: settled.seeds, exams: exams[side] },
    logs: pairs.map((pair) => pair[side].log),
    seconds: pairs.reduce((sum, pair) => sum + pair[side].seconds, 0),
    written,
  });
  const taught: TextArm = { name: "distilled student", role: "student", ...student("taught", ofTaught), file };
  const scratch: TextArm = { name: "from scratch", role: "baseline", ...student("scratch", ofScratch) };
  const arms = [teacherArm, taught, scratch];
  const comparisons = comparisonsOf(teacherArm, taught, scratch);

  const { version = "0.0.0" } = options;
  const report: Report = {
    system: "distil-text",
    version,
    options: { ...settled },
    seeds: [...settled.seeds],
    created: new Date().toISOString(),
    ...(options.command && { command: options.command }),
    data: {
      name: corpus.name,
      sha256: course.fingerprint,
      splits: { train: course.train.n, validation: parts.validation.rows.n, test: parts.test.rows.n },
    },
    environment: collectEnvironment({ engine: (await currentBackend()).name, lyceum: version }),
    arms: arms.map(armOf),
    comparisons,
    series: arms.flatMap(seriesOf),
    claims: [beatsScratch(comparisons[0]!)],
    perClass: [],
    examples: [],
    notes: notesOf(course, best),
    figures: [samplesFigure(arms)],
    definitions: { ...TEXT_METRICS },
    ...(settled.monitor && { values: { hackingAlarms: course.alarms } }),
  };
  const written = await writeReport(report, options.out);
  yield { type: "stage", stage: STAGE, state: "ends" };
  yield { type: "finished", report, files: { ...files, "report.json": written.json, "report.html": written.html } };
}

/** A text of a teacher that cannot be timed beside the students. */
async function spoken(teacher: Teacher, { tokeniser, prompt, endTokens, key: own }: SampleOptions): Promise<Written> {
  const said = await continuation(teacher, prompt, own, { maxTokens: prompt.length, endTokens });
  return { text: tokeniser.decode([...prompt, ...said], { skipSpecial: true }), milliseconds: undefined };
}

/** Cross-entropy at the end of training, on the validation part. */
const validation = ({ log }: TrainedText): number => log.exams.at(-1)?.metrics.crossEntropy ?? Number.POSITIVE_INFINITY;

function notesOf({ cast, corpus, parts, steps, batchSize, settled, notes, alarms }: Course, best: TextPair): string[] {
  const { tokeniser, context } = cast;
  const { tokens, characters } = parts.test.extent;
  return [
    ...notes,
    `Tokeniser: ${tokeniser.name}, ${tokeniser.size} tokens; rows of ${context} tokens, ${batchSize} in a step.`,
    `Counts of the data are rows; the test part has ${tokens} tokens that spell ${characters} characters.`,
    `Both students had the same start values and ${steps} steps of ${batchSize} rows per seed; the test part was used once.`,
    ...(settled.source === "text"
      ? []
      : [`The taught student read what was said to beginnings of ${corpus.name}; the other one read the text itself.`]),
    `student/ is the distilled student of seed ${best.seed}, the best on the validation part; lyceum generate, lyceum serve, transformers and transformers.js read it.`,
    ...(settled.monitor && alarms.length === 0 ? ["The monitor of teacher hacking raised no alarm."] : []),
    ...alarms.map(({ stage, message }) => `Alarm, ${stage}: ${message}`),
  ];
}

/** A folder for Lyceum and transformers, with the ONNX file that browsers load. */
async function saved(
  { cast: { tokeniser, tokeniserFolder } }: Course,
  folder: string,
  config: Parameters<typeof saveDecoder>[1]["config"],
  params: Float32Array,
): Promise<NonNullable<TextArm["file"]>> {
  const model = { config, params, tokeniser: tokeniserFolder ?? tokeniser };
  await exportForBrowser(folder, model);
  await saveDecoder(folder, model);
  const name = "model.safetensors";
  const bytes = await readFile(path.join(folder, name));
  return {
    name: `${path.basename(folder)}/${name}`,
    bytes: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
  };
}
