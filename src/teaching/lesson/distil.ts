/**
 * The main job: a teacher, a student taught by it, and the same student taught by labels alone, for every seed; then
 * one exam on test data and one report.
 *
 * Both students start from the same values and see the same batches for the same number of steps: what differs is the
 * loss. Decisions (the exported seed) are taken on the validation part; the test part is used once, at the end.
 */
import path from "node:path";
import { type ArrayDataset, countOf, type Split } from "../../data/dataset.ts";
import { hashDataset, sha256 } from "../../data/hash.ts";
import { prefetch } from "../../data/prefetch.ts";
import { resolveData } from "../../data/resolve.ts";
import { key, random } from "../../tensor/index.ts";
import { networkExaminee } from "../answer.ts";
import type { LessonEvent } from "../events.ts";
import { examine } from "../exams/index.ts";
import { storeFolder } from "../folders.ts";
import { labelDataset } from "../label.ts";
import { lockFolder } from "../lock.ts";
import { crossEntropy } from "../losses/cross-entropy.ts";
import { createLoss, teacherNeeds } from "../losses/registry.ts";
import { type Network, type NetworkState, tapShapes } from "../network.ts";
import type { LessonPlan } from "../plan.ts";
import { type ClassMeans, classMeans } from "../targets.ts";
import { modelTeacher, type Teacher } from "../teacher.ts";
import { type Trained, trainArm } from "./arm.ts";
import { findModel, teacherFromFile } from "./cast.ts";
import { conclude } from "./conclude.ts";
import { claimLesson, type DistilOptions, type Settled, settle } from "./options.ts";
import { optimiserFor, type Recipe, type Recipes, recipesFor } from "./recipe.ts";

/** A seed's two students. */
export interface Pair {
  readonly seed: number;
  readonly taught: Trained;
  readonly scratch: Trained;
}

/** Everything that the end of the run needs. */
export interface Lesson {
  readonly options: DistilOptions;
  readonly settled: Settled;
  readonly split: Split;
  readonly network: Network;
  readonly teacher: Teacher;
  /** Present when the teacher was trained here. */
  readonly own?: { readonly network: Network; readonly trained: Trained };
  readonly pairs: readonly Pair[];
  readonly recipes: Recipes;
  readonly notes: readonly string[];
}

const TEACHER = "teacher";
const taughtStage = (seed: number) => `distilled student, seed ${seed}`;
const scratchStage = (seed: number) => `from scratch, seed ${seed}`;
/** Exams on the validation part while an arm learns: points of its curve. */
const EXAMS = 10;
/** Largest global norm of a gradient: above what healthy steps show, so that it only catches accidents. */
const CLIP = 5;
/** Above this many bytes per run of the teacher, rows are not kept: the teacher runs inside the step. */
const STORE_LIMIT = 2 ** 30;

/**
 * Runs the lesson, or goes on with it: a folder that was left in the middle is continued bit-exactly when the options
 * are the same. Ends with a "finished" event.
 * @throws E_RUN_LOCKED, E_RUN_MISMATCH (another run's folder), E_STOPPED, E_DIVERGED and whatever its parts throw
 */
export async function* distil(options: DistilOptions): AsyncGenerator<LessonEvent, void> {
  const settled = settle(options);
  const lock = await lockFolder(options.out);
  try {
    yield* run(options, settled);
  } finally {
    await lock.release();
  }
}

async function* run(options: DistilOptions, settled: Settled): AsyncGenerator<LessonEvent, void> {
  const split = typeof options.data === "object" ? options.data : await resolveData(settled.data);
  const { train } = split;
  const recipes = adjusted(recipesFor(train), settled);
  const network = await networkOf(settled.student ?? recipes.studentModel, train);
  const file = /\.onnx$/i.test(settled.teacher) ? settled.teacher : undefined;
  const teacherName = file ?? (settled.teacher === "train" ? recipes.teacherModel : settled.teacher);
  const teacherNetwork = file ? undefined : await networkOf(teacherName, train);
  const fromFile = file ? await teacherFromFile(file, train) : undefined;
  // Only now: a run that cannot begin leaves its folder free for one that can.
  await claimLesson(options.out, settled);
  yield {
    type: "started",
    folder: options.out,
    data: split.source.title ?? split.source.name,
    teacher: teacherName,
    student: network.model.name,
    seeds: settled.seeds,
    stages: [
      ...(file ? [] : [TEACHER]),
      "labelling",
      ...settled.seeds.flatMap((seed) => [taughtStage(seed), scratchStage(seed)]),
      "exam",
    ],
  };
  const content = await sha256(`${await hashDataset(train)}\n${JSON.stringify(train.normalise ?? null)}`);

  // Stage 1: the teacher.
  let own: Lesson["own"];
  if (teacherNetwork) {
    const plan = armPlan(TEACHER, teacherNetwork, train, recipes.teacher, random.fold(key(0), "teacher"), options);
    const trained = yield* arm(options, split, content, { ...plan, loss: crossEntropy() }, recipes.teacher);
    own = { network: teacherNetwork, trained };
  }
  const teacher = fromFile ?? (await modelTeacher(own!.network, own!.trained, own!.network.model.name));

  // Stage 2: what the teacher has to say.
  const notes: string[] = [];
  const shapes = tapShapes(network, recipes.student.batchSize);
  const needs = teacherNeeds(settled.losses, shapes, teacher.taps);
  const knowledge = yield* label(options, teacher, train, needs, recipes.student, notes);

  // Stage 3: the students.
  const loss = createLoss(settled.losses, shapes, teacher.taps);
  const told = JSON.stringify([settled.losses, teacher.fingerprint, needs]);
  const pairs: Pair[] = [];
  for (const seed of settled.seeds) {
    const plan = (stage: string) => armPlan(stage, network, train, recipes.student, key(seed), options);
    const taught = yield* arm(
      options,
      split,
      `${content} ${told}`,
      { ...plan(taughtStage(seed)), loss, ...knowledge, taps: needs.taps },
      recipes.student,
    );
    const scratch = yield* arm(
      options,
      split,
      content,
      { ...plan(scratchStage(seed)), loss: crossEntropy() },
      recipes.student,
    );
    pairs.push({ seed, taught, scratch });
  }

  // Stage 4: exams, files, report.
  yield* conclude({ options, settled, split, network, teacher, ...(own && { own }), pairs, recipes, notes });
}

function adjusted(recipes: Recipes, { epochs, teacherEpochs, batchSize }: Settled): Recipes {
  const size = batchSize === undefined ? {} : { batchSize };
  return {
    ...recipes,
    teacher: { ...recipes.teacher, ...size, ...(teacherEpochs !== undefined && { epochs: teacherEpochs }) },
    student: { ...recipes.student, ...size, ...(epochs !== undefined && { epochs }) },
  };
}

async function networkOf(name: string, { normalise, ...data }: ArrayDataset): Promise<Network> {
  return { model: await findModel(name, data), ...(normalise && { normalise }) };
}

const stepsOf = ({ epochs, batchSize }: Recipe, data: ArrayDataset): number =>
  epochs * Math.max(1, Math.floor(countOf(data) / batchSize));

/** The part of a plan that both students share. */
function armPlan(
  stage: string,
  network: Network,
  train: ArrayDataset,
  recipe: Recipe,
  armKey: LessonPlan["key"],
  { signal, checkpointSeconds }: DistilOptions,
): Omit<LessonPlan, "loss" | "checkpoints" | "optimiser" | "exam"> {
  const steps = stepsOf(recipe, train);
  return {
    stage,
    network,
    data: train,
    steps,
    batchSize: recipe.batchSize,
    augment: recipe.augment,
    clip: CLIP,
    key: armKey,
    open: prefetch,
    ...(checkpointSeconds !== undefined && { checkpointSeconds }),
    ...(signal && { signal }),
  };
}

/** Trains one arm under a fingerprint of all that decides it. */
async function* arm(
  { out }: DistilOptions,
  { validation }: Split,
  decides: string,
  plan: Omit<LessonPlan, "checkpoints" | "optimiser" | "exam">,
  recipe: Recipe,
): AsyncGenerator<LessonEvent, Trained> {
  const { model, normalise } = plan.network;
  const optimiser = (extra: number) => optimiserFor(model, recipe, plan.steps, extra);
  const architecture = [model.name, model.params, model.buffers, normalise ?? null];
  const config = await sha256(JSON.stringify([decides, architecture, recipe, plan.steps, plan.key, plan.clip ?? null]));
  const folder = path.join(out, "arms", plan.stage.replaceAll(/[^a-z0-9]+/gi, "-"));
  const examinee = networkExaminee(plan.network);
  const exam = {
    every: Math.max(1, Math.ceil(plan.steps / EXAMS)),
    run: async (state: NetworkState) => ({
      ...examine(await examinee.answer(state, validation), validation.labels).metrics,
    }),
  };
  try {
    return yield* trainArm(folder, config, { ...plan, optimiser, exam });
  } finally {
    await examinee.release();
  }
}

type Knowledge = Pick<LessonPlan, "teacher" | "stored" | "classMeans">;

/** Fetches or computes the teacher's rows, or decides that the teacher joins the step. */
async function* label(
  options: DistilOptions,
  teacher: Teacher,
  train: ArrayDataset,
  needs: { taps: readonly string[]; classMeans: readonly string[] },
  { augment }: Recipe,
  notes: string[],
): AsyncGenerator<LessonEvent, Knowledge> {
  const stage = "labelling";
  const perExample = needs.taps.reduce((sum, tap) => sum + size(teacher.taps.get(tap)!.slice(1)), teacher.classes);
  const inGraph =
    augment.length > 0
      ? "students see augmented pictures, so the teacher answers inside every step and the store is bypassed"
      : 4 * perExample * countOf(train) > STORE_LIMIT
        ? "these taps are too large to be stored, so the teacher answers inside every step"
        : undefined;
  if (inGraph) {
    notes.push(`Teacher: ${inGraph}.`);
    yield { type: "note", stage, message: inGraph };
  }
  if (inGraph && needs.classMeans.length === 0) return { teacher };
  yield { type: "stage", stage, state: "begins" };
  let reused = 0;
  const root = options.store ?? storeFolder();
  const taps = inGraph ? needs.classMeans : needs.taps;
  const work = labelDataset({ root, teacher, dataset: train, taps });
  let next = await work.next();
  for (; !next.done; next = await work.next()) {
    const { done, of, computed } = next.value;
    if (!computed) reused = done;
    yield { type: "working", stage, done, of };
  }
  const stored = next.value;
  if (reused > 0)
    yield { type: "note", stage, message: `${reused} of ${countOf(train)} rows came from the teacher store` };
  yield { type: "stage", stage, state: "ends" };
  const means: ClassMeans = new Map(
    needs.classMeans.map((tap) => [tap, classMeans(stored.get(tap)!.data, train.labels, train.classes.length)]),
  );
  return { ...(inGraph ? { teacher } : { stored }), classMeans: means };
}

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
