/** The cells of a teacher: it learns (or comes trained), and it says what it knows about the students' examples. */
import { countOf } from "../../data/dataset.ts";
import type { LessonEvent } from "../../teaching/events.ts";
import { examine } from "../../teaching/exams/index.ts";
import { crossEntropy } from "../../teaching/losses/cross-entropy.ts";
import { classMeans, type StoredTargets } from "../../teaching/targets.ts";
import { isFile, trainedOutcome } from "../kit/cast.ts";
import { ask, sit } from "../kit/exam.ts";
import { knowledgeOf } from "../kit/knowledge.ts";
import { learn } from "../kit/learn.ts";
import type { Bench, Outcome } from "../system.ts";
import { type Classroom, classroom } from "./classroom.ts";
import { embedTeacher } from "./embed.ts";
import { argmaxRows, geometry, normsOf } from "./geometry.ts";
import { benchFor, materialOf } from "./material.ts";
import { meansFor, writeMeans } from "./means-file.ts";
import { networkBy, recipeFor } from "./models.ts";
import type { NdOptions } from "./options.ts";
import type { Setting } from "./settings.ts";

/** Seed of teachers: one teacher for all seeds of students. */
const SEED = 0;
/** Points of validation curves: an exam is a pass over the validation part. */
export const EXAMS = 4;

/** Trains the teacher on the labels; one that sees less sees it more often, so that all take as many steps. */
export async function* workTeacher(given: Bench<NdOptions>, setting: Setting): AsyncGenerator<LessonEvent, Outcome> {
  const bench = await benchFor(given, setting);
  const { options, data, own } = bench;
  const { teacher: name, teacherEpochs, mirror } = options;
  if (own.teacher || isFile(name)) {
    const { teacher } = await classroom(bench, setting);
    const exam = await ask(teacher, data.test);
    return { metrics: exam.metrics, params: teacher.params, flops: teacher.flops, seconds: 0 };
  }
  const network = await networkBy(bench, name);
  const seen = setting.teacherSees === "all" ? data.train : materialOf(data, options).originals;
  const epochs = Math.round((teacherEpochs * countOf(data.train)) / countOf(seen));
  const pictures = data.train.inputShape.length === 3;
  const trained = yield* learn(bench, {
    stage: "teacher",
    network,
    loss: crossEntropy(),
    recipe: {
      ...recipeFor(network.model, epochs),
      augment: pictures ? [{ kind: "crop", pad: 2 }, ...(mirror ? [{ kind: "flip" } as const] : [])] : [],
    },
    seed: SEED,
    data: seen,
    exams: EXAMS,
  });
  return trainedOutcome(network, trained, (await sit(network, trained, data.test)).metrics);
}

/** Class means, and the teacher's answers and norms on the test part: what students are measured against. */
export async function* workKnowledge(given: Bench<NdOptions>, setting: Setting): AsyncGenerator<LessonEvent, Outcome> {
  const bench = await benchFor(given, setting);
  const { data, options } = bench;
  const room = await classroom(bench, setting);
  const { teacher, tap, width } = room;
  const stored = yield* answersOf(bench, room);
  const { means, source } = await meansOf(options, room, stored);
  if (options.saveMeans) {
    const classes = data.train.classes.length;
    await writeMeans(options.saveMeans, { data: means, classes, width, teacher: teacher.fingerprint });
  }
  const { test } = data;
  const said = await embedTeacher(teacher, test, tap);
  const norms = normsOf(said.embedding);
  const where = geometry(said.embedding, norms, means, test.labels);
  const exam = examine({ logits: said.logits.data, classes: said.logits.width }, test.labels);
  return {
    metrics: { ...exam.metrics, direction: where.direction, classMeanAccuracy: where.classMeanAccuracy },
    params: teacher.params,
    flops: teacher.flops,
    seconds: 0,
    facts: { tap, width, teacher: teacher.fingerprint, means: source },
    arrays: { means, logits: said.logits.data, norms: Float32Array.from(norms) },
  };
}

/** What the teacher says about everything the students see: answers and embeddings, from the store or into it. */
export async function* answersOf(
  bench: Bench<NdOptions>,
  { teacher, tap, material }: Classroom,
): AsyncGenerator<LessonEvent, StoredTargets> {
  const { stored } = yield* knowledgeOf(bench, teacher, material.seen, { taps: [tap] });
  return stored;
}

/** The labels that students learn: those given, or where there shall be none the teacher's guesses. */
export function labelsFor({ labels }: NdOptions, { material }: Classroom, stored: StoredTargets): Int32Array {
  const { seen } = material;
  return labels === "given" ? seen.labels : argmaxRows(stored.get("logits")!.data, seen.classes.length);
}

async function meansOf(options: NdOptions, room: Classroom, stored: StoredTargets) {
  const { teacher, tap, width, material } = room;
  const classes = material.originals.classes.length;
  if (options.classMeans) {
    const file = await meansFor(options.classMeans, { classes, width, teacher: teacher.fingerprint });
    return { means: file.data, source: file.checked ? "a file of this teacher" : "a file that names no teacher" };
  }
  // The originals come first among what is seen.
  const count = countOf(material.originals);
  const rows = stored.get(tap)!.data.subarray(0, count * width);
  return { means: classMeans(rows, labelsFor(options, room, stored).subarray(0, count), classes), source: "computed" };
}
