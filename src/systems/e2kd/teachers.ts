/** Teachers: trained in a cell of their own and examined like students, or brought by the user. */
import { type ArrayDataset, countOf } from "../../data/dataset.ts";
import type { LessonEvent } from "../../teaching/events.ts";
import { predictions } from "../../teaching/exams/index.ts";
import { teacherFromFile } from "../../teaching/lesson/cast.ts";
import { crossEntropy } from "../../teaching/losses/cross-entropy.ts";
import { modelTeacher, type Teacher } from "../../teaching/teacher.ts";
import { key, random } from "../../tensor/index.ts";
import { isFile, stateOf, trainedOutcome } from "../kit/cast.ts";
import { learn, type Recipe } from "../kit/learn.ts";
import type { Bench, Outcome } from "../system.ts";
import { explainerFor } from "./explain/choose.ts";
import type { Explainer } from "./explain/explainer.ts";
import { explainedTeacher } from "./explain/teacher.ts";
import { observer, sightOfTeacher } from "./look.ts";
import { bcosCrossEntropy } from "./loss.ts";
import { marksOf } from "./marks.ts";
import { modelName, networkNamed } from "./models.ts";
import type { Options } from "./options.ts";
import { examParts, teacherParts } from "./parts.ts";
import { type TeacherKind, teacherCell } from "./plan.ts";
import { likeScenes } from "./scenes.ts";

type Working = Bench<Options>;

/** Does the user bring the teacher? Scenes have one of their own in any case: nobody else knows stripes. */
const isGiven = ({ own, options }: Working, kind: TeacherKind): boolean =>
  kind === "plain" && (own.teacher !== undefined || isFile(options.teacher));

/** Name of the model to train; where a file teaches the plain pictures, "auto" learns the scenes. */
const trainedName = ({ options }: Working): string =>
  modelName(isFile(options.teacher) ? { ...options, teacher: "auto" } : options, "teacher");

/** The teacher of a finished cell. */
export async function teacherFor(bench: Working, kind: TeacherKind): Promise<Teacher> {
  const { own, options, data } = bench;
  if (isGiven(bench, kind)) return own.teacher ?? teacherFromFile(options.teacher, data.train);
  const read = kind === "plain" ? data.train : likeScenes(data.train);
  const network = await networkNamed(trainedName(bench), read, false);
  return modelTeacher(network, stateOf(await bench.outcome(teacherCell(kind))));
}

/** How a teacher is explained, and the teacher with that explanation as a tap. `full`: maps at picture size. */
export async function explain(
  { options }: Pick<Working, "options">,
  teacher: Teacher,
  data: ArrayDataset,
  full = options.pictureSize,
): Promise<{ explainer: Explainer; explained: Teacher }> {
  const { taps } = teacher;
  const fit = { taps, whose: "teacher", inputShape: data.inputShape, full, points: options.pathPoints } as const;
  const explainer = explainerFor(options.explainer, fit);
  return { explainer, explained: await explainedTeacher(teacher, explainer, options.contrast) };
}

/** Steps of 128 pictures at the rates of the house for small convolutional networks; B-cos networks as in their paper. */
const recipe = (name: string, epochs: number): Recipe => {
  const common = { epochs, batchSize: 128, augment: [] };
  return name.startsWith("bcos-")
    ? { ...common, optimiser: "adamw", rate: 1e-2, decay: 0 }
    : { ...common, optimiser: "sgd", rate: 0.1, decay: 5e-4 };
};

/** The work of a teacher's cell. */
export async function* workTeacher(kind: TeacherKind, bench: Working): AsyncGenerator<LessonEvent, Outcome> {
  const { options, data } = bench;
  const isScenes = kind !== "plain";
  if (isGiven(bench, kind)) {
    const teacher = await teacherFor(bench, kind);
    const { metrics, shown } = await examineTeacher(bench, teacher, isScenes);
    return { metrics, params: teacher.params, flops: teacher.flops, seconds: 0, arrays: { shown } };
  }
  const name = trainedName(bench);
  const parts = teacherParts(data, kind, options);
  const network = await networkNamed(name, parts.train, false);
  const loss = name.startsWith("bcos-") ? bcosCrossEntropy() : crossEntropy();
  // Scenes are made of a part of the classes: their teachers see as many pictures as the other one, more often each.
  const epochs = Math.max(1, Math.round((options.teacherEpochs * countOf(data.train)) / countOf(parts.train)));
  // Not the seed of any student: a teacher is there once.
  const seed = random.fold(key(0), kind)[0];
  const lesson = { stage: teacherCell(kind), network, loss, recipe: recipe(name, epochs), seed, exams: 5 };
  const trained = yield* learn({ ...bench, data: parts }, lesson);
  const { metrics, shown } = await examineTeacher(bench, await modelTeacher(network, trained), isScenes);
  const outcome = trainedOutcome(network, trained, metrics);
  return { ...outcome, arrays: { ...outcome.arrays, shown } };
}

async function examineTeacher(bench: Working, teacher: Teacher, isScenes: boolean) {
  const { explainer, explained } = await explain(bench, teacher, bench.data.train);
  const shape = explained.taps.get("explanation")!.slice(1);
  const watch = observer(sightOfTeacher(teacher, explainer), explainer, bench.options.contrast, shape);
  try {
    return await marksOf(watch, examParts(bench.data, isScenes, bench.options));
  } finally {
    await watch.release();
  }
}

/** Classes that a teacher names, from stored logits. */
export const namedBy = (logits: Float32Array, classes: number): Int32Array => predictions({ logits, classes });
