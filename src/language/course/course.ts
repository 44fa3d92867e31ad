/**
 * Distillation of language models as one job: a teacher, a student taught by it, and the same student taught by the text
 * alone, for every seed; then one exam on test text and one report.
 *
 * Both students start from the same values and take the same number of equally large steps. Decisions (the exported
 * seed) are taken on the validation part; the test part is used once, at the end.
 */
import path from "node:path";
import { sha256 } from "../../data/hash.ts";
import { adamw, maskOf, schedules } from "../../nn/index.ts";
import type { LessonEvent } from "../../teaching/events.ts";
import { claimLesson } from "../../teaching/lesson/options.ts";
import { lockFolder } from "../../teaching/lock.ts";
import { tokenCrossEntropy, topKKl } from "../../teaching/losses/language/index.ts";
import type { Loss } from "../../teaching/losses/loss.ts";
import { type Key, key, random } from "../../tensor/index.ts";
import { modelSampler, SEQUENCE, textLoss } from "../distil/index.ts";
import type { TextLesson } from "../lesson/index.ts";
import type { Rows } from "../text/index.ts";
import { armFolder, type TrainedText, trainTextArm } from "./arm.ts";
import { type Cast, castOf, type Member } from "./cast.ts";
import { conclude } from "./conclude.ts";
import { type Corpus, readParts } from "./corpus.ts";
import type { Answers } from "./endpoint-answers.ts";
import { askTeacher } from "./endpoint-teacher.ts";
import { type ExamPart, examiner } from "./exam.ts";
import { type CourseOptions, type SettledCourse, settleCourse } from "./options.ts";
import { extentOf, firstRows, type Packed, pack } from "./rows.ts";
import { fixedRows, mixedRows, type RowSource, spokenRows } from "./sources.ts";
import { onnxTeacher, ownTeacher, type Teacher, withLogits } from "./teacher.ts";
import { type HackingAlarm, type Watched, watch } from "./watch.ts";

/** A seed's two students. */
export interface TextPair {
  readonly seed: number;
  readonly taught: TrainedText;
  readonly scratch: TrainedText;
}

/** Everything that the end of the run needs. */
export interface Course {
  readonly options: CourseOptions;
  readonly settled: SettledCourse;
  readonly corpus: Corpus;
  readonly cast: Cast;
  readonly train: Rows;
  readonly parts: Readonly<Record<"validation" | "test", ExamPart>>;
  readonly batchSize: number;
  readonly steps: number;
  readonly fingerprint: string;
  readonly notes: string[];
  readonly alarms: HackingAlarm[];
}

const TEACHER = "teacher";
const QUESTIONS = "questions to the teacher";
const taughtStage = (seed: number) => `distilled student, seed ${seed}`;
const scratchStage = (seed: number) => `from scratch, seed ${seed}`;
/** Exams on the validation part while an arm learns: points of its curve, and more of them for a monitor to judge by. */
const EXAMS = 10;
const WATCHED_EXAMS = 25;
/** Largest global norm of a gradient, as is the custom for language models. */
const CLIP = 1;
/** Rows of an exam: enough tokens for its third digit, few enough to be repeated. */
const VALIDATION_ROWS = 32;
const TEST_ROWS = 128;
/** Tokens that the students read when nobody says how many: some 300 steps of 8 rows of 128. */
const TOKENS = 320_000;
const MOST_EPOCHS = 20;

/**
 * Runs the course, or goes on with it: a folder that was left in the middle is continued bit-exactly when the options are
 * the same. Ends with a "finished" event.
 * @throws E_OPTION, E_RUN_LOCKED, E_RUN_MISMATCH (another run's folder), E_STOPPED, E_DIVERGED, E_COURSE and whatever its
 * parts throw
 */
export async function* teachCourse(options: CourseOptions): AsyncGenerator<LessonEvent, void> {
  const settled = settleCourse(options);
  const lock = await lockFolder(options.out);
  try {
    const course = await assemble(options, settled);
    try {
      // Only now: a run that cannot begin leaves its folder free for one that can.
      await claimLesson(options.out, settled);
      yield* run(course);
    } finally {
      await course.cast.foreign?.release();
    }
  } finally {
    await lock.release();
  }
}

async function assemble(options: CourseOptions, settled: SettledCourse): Promise<Course> {
  const corpus = await readParts(settled.data);
  const cast = await castOf(settled, corpus);
  const { tokeniser, context, chat } = cast;
  // Rows of conversations hold one document each; a single text has no borders.
  const places = corpus.train[0]!.kind === "text" && corpus.train.length > 1;
  const packed = (part: "train" | "validation" | "test"): Packed => pack(corpus[part], tokeniser, context, chat);
  const exam = (part: "validation" | "test", most: number): ExamPart => {
    const rows = firstRows(packed(part).rows, most);
    return { rows, places, extent: extentOf(rows, tokeniser) };
  };
  const { rows: train, leftOut } = packed("train");
  const batchSize = Math.min(settled.batchSize, train.n);
  const epochs = settled.epochs ?? Math.max(1, Math.min(MOST_EPOCHS, Math.round(TOKENS / (train.n * context))));
  return {
    options,
    settled,
    corpus,
    cast,
    train,
    parts: { validation: exam("validation", VALIDATION_ROWS), test: exam("test", TEST_ROWS) },
    batchSize,
    steps: epochs * Math.floor(train.n / batchSize),
    fingerprint: await sha256(JSON.stringify([tokeniser.toFile(), corpus.train])),
    notes: leftOut > 0 ? [`${leftOut} training examples are longer than a row of ${context} tokens: left out.`] : [],
    alarms: [],
  };
}

async function* run(course: Course): AsyncGenerator<LessonEvent, void> {
  const { options, settled, corpus, cast } = course;
  const { seeds } = settled;
  yield {
    type: "started",
    folder: options.out,
    data: corpus.name,
    teacher: cast.teacher?.name ?? cast.foreign?.name ?? settled.teacher,
    student: cast.student.name,
    seeds,
    stages: [
      ...(cast.teacher?.params || cast.foreign ? [] : [cast.teacher ? TEACHER : QUESTIONS]),
      ...seeds.flatMap((seed) => [taughtStage(seed), scratchStage(seed)]),
      "exam",
    ],
  };
  const teacher = cast.foreign
    ? onnxTeacher(cast.foreign)
    : cast.teacher && (yield* trainedTeacher(course, cast.teacher));
  const answers = teacher
    ? undefined
    : yield* askTeacher({
        ...{ teacher: settled.teacher, documents: corpus.train, rows: course.train, stage: QUESTIONS },
        ...{ tokeniser: cast.tokeniser, chat: cast.chat, endTokens: cast.endTokens },
        probabilities: settled.loss !== SEQUENCE,
        folder: path.join(options.out, "answers"),
        ...(options.signal && { signal: options.signal }),
      });
  const told = teacher?.fingerprint ?? (await fingerprintOf(answers!));
  const pairs: TextPair[] = [];
  for (const seed of seeds) {
    const taught = yield* taughtStudent(course, seed, told, teacher, answers);
    const scratch = yield* textArm(course, {
      stage: scratchStage(seed),
      member: cast.student,
      source: textRows(course, key(seed)),
      loss: tokenCrossEntropy() as Loss,
      key: key(seed),
      ...{ steps: course.steps, teacher, decides: "text" },
    });
    pairs.push({ seed, taught, scratch });
  }
  yield* conclude(course, teacher, pairs);
}

async function* trainedTeacher(course: Course, member: Member): AsyncGenerator<LessonEvent, Teacher> {
  if (member.params) return ownTeacher(member.decoder, member.params);
  const { settled, train, batchSize } = course;
  const own = random.fold(key(0), "teacher");
  const steps =
    settled.teacherEpochs === undefined ? course.steps : settled.teacherEpochs * Math.floor(train.n / batchSize);
  const trained = yield* textArm(course, {
    stage: TEACHER,
    member,
    source: textRows(course, own),
    loss: tokenCrossEntropy() as Loss,
    key: own,
    ...{ steps, decides: "text" },
  });
  return ownTeacher(member.decoder, trained.params, trained);
}

async function* taughtStudent(
  course: Course,
  seed: number,
  told: string,
  teacher: Teacher | undefined,
  answers: Answers | undefined,
): AsyncGenerator<LessonEvent, TrainedText> {
  const { settled, cast, train, batchSize, steps } = course;
  const { loss: name, source: kind } = settled;
  const stage = taughtStage(seed);
  const spoken = async (): Promise<RowSource> => {
    if (answers) {
      const { rows, told } = answers;
      return fixedRows(rows, false, { key: key(seed), batchSize: Math.min(batchSize, rows.n), ...(told && { told }) });
    }
    if (kind === "text") return textRows(course, key(seed));
    const student: Teacher["speaker"] = (how) => modelSampler(cast.student.decoder, how);
    const common = { rows: train, batchSize, endTokens: cast.endTokens, key: key(seed) };
    if (kind === "mixture") return mixedRows(common, { student, teacher: teacher!.speaker });
    return spokenRows({ ...common, kind, speaker: kind === "online-student" ? student : teacher!.speaker });
  };
  // The loss of the teacher's words needs no teacher's probabilities.
  const asks = teacher && name !== SEQUENCE;
  const bare = await spoken();
  const source = asks && !teacher.own ? withLogits(bare, teacher, batchSize) : bare;
  try {
    const arm = textArm(course, {
      ...{ stage, member: cast.student, source, key: key(seed), steps, teacher },
      loss: answers?.told ? topKKl() : textLoss(name),
      inStep: Boolean(asks && teacher.own),
      decides: JSON.stringify([name, kind, told]),
    });
    if (!settled.monitor) return yield* arm;
    const fresh = kind === "online-teacher" || kind === "online-student";
    const watched: Watched = { stage, steps, batchSize, fresh, prompts: train.n };
    const { trained, alarms } = yield* watch(watched, arm);
    course.alarms.push(...alarms);
    return trained;
  } finally {
    await source.release();
  }
}

const fingerprintOf = async ({ rows, told }: Answers): Promise<string> =>
  `${await sha256(rows.inputs)}${told ? await sha256(told.logs) : ""}`;

const textRows = ({ train, batchSize, parts }: Course, own: Key): RowSource =>
  fixedRows(train, parts.validation.places, { key: own, batchSize });

interface ArmPlan {
  readonly stage: string;
  readonly member: Member;
  readonly source: RowSource;
  readonly loss: Loss;
  readonly key: Key;
  readonly steps: number;
  /** For exams; `inStep`: for the loss, too. */
  readonly teacher?: Teacher | undefined;
  readonly inStep?: boolean;
  /** What of the arm is not seen in the rest: the loss, the source, the teacher's values. */
  readonly decides: string;
}

/** Trains one arm under a fingerprint of all that decides it. */
async function* textArm(course: Course, plan: ArmPlan): AsyncGenerator<LessonEvent, TrainedText> {
  const { options, settled, parts, batchSize, fingerprint } = course;
  const { stage, member, source, loss, steps, teacher } = plan;
  const { decoder, params, rate } = member;
  const { signal, checkpointSeconds } = options;
  const start = params ? await sha256(params) : null;
  const decides = [fingerprint, plan.decides, decoder.config, start, rate, steps, batchSize, plan.key];
  const exam = examiner(decoder, parts.validation, teacher);
  const every = Math.max(1, Math.ceil(steps / (settled.monitor ? WATCHED_EXAMS : EXAMS)));
  const lesson: Omit<TextLesson, "checkpoints"> = {
    ...{ stage, decoder, batchSize, steps, loss, clip: CLIP, key: plan.key, rows: source.rows },
    ...(params && { initial: params }),
    ...(plan.inStep && teacher?.own && { teacher: teacher.own }),
    optimiser: optimiserFor(member, steps),
    exam: { at: (step) => step % every === 0, run: async (now) => (await exam.sit(now)).metrics },
    ...(checkpointSeconds !== undefined && { checkpointSeconds }),
    ...(signal && { signal }),
  };
  try {
    return yield* trainTextArm(armFolder(options.out, stage), await sha256(JSON.stringify(decides)), lesson);
  } finally {
    await exam.release();
  }
}

/** AdamW with a short warm-up and half a cosine; matrices decay, norms do not. */
function optimiserFor({ decoder, rate }: Member, steps: number): TextLesson["optimiser"] {
  const warm = Math.max(1, Math.round(steps * 0.05));
  const lr = schedules.warmup(warm, schedules.cosine(rate, Math.max(1, steps - warm)));
  const decayMask = maskOf(decoder.model.params, (_path, shape) => shape.length > 1);
  return adamw({ lr, betas: [0.9, 0.95], weightDecay: 0.1, decayMask });
}
