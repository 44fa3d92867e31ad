/** The work of a group's cell: the cast is set up, trained, and everybody is examined. */
import { countOf } from "../../data/dataset.ts";
import { sha256 } from "../../data/hash.ts";
import { type Examinee, networkExaminee } from "../../teaching/answer.ts";
import { fileCheckpoints } from "../../teaching/checkpoint.ts";
import type { LessonEvent } from "../../teaching/events.ts";
import { accuracy, examine } from "../../teaching/exams/index.ts";
import { optimiserFor } from "../../teaching/lesson/recipe.ts";
import type { Network, NetworkState } from "../../teaching/network.ts";
import { key, random } from "../../tensor/index.ts";
import { stateOf, trainedOutcome } from "../kit/cast.ts";
import { sit } from "../kit/exam.ts";
import { knowledgeOf } from "../kit/knowledge.ts";
import { stepsOf } from "../kit/learn.ts";
import type { Bench, Outcome } from "../system.ts";
import { isFrozen, networkNamed, pivotTeacher, type Student, studentsOf, trainingPart } from "./cast.ts";
import { type Group, type GroupMethod, teachGroup } from "./group.ts";
import type { Cast } from "./iteration.ts";
import { member } from "./member.ts";
import { furtherRecipe, type Options, recipeOf } from "./options.ts";
import { writeOutputs } from "./outputs.ts";
import { learningPivot, type Pivot, storedPivot } from "./pivot.ts";
import { PIVOT } from "./plan.ts";

/** Validation exams during the training of a group. */
const EXAMS = 5;
/** A pivot that falls below where it began by more than this share has a rate that is too large. */
const FALL = 0.01;

export async function* workGroup(
  bench: Bench<Options>,
  method: GroupMethod,
  seed: number,
): AsyncGenerator<LessonEvent, Outcome> {
  const { options, folder, checkpointSeconds, signal } = bench;
  const part = trainingPart(bench);
  const recipe = { ...recipeOf(options), batchSize: Math.min(options.batchSize, countOf(part)) };
  const steps = stepsOf(recipe, part);
  const students = await studentsOf(bench);
  const lessonKey = key(seed);
  const learns = method.kind === "orc" && method.intensive !== "off" && options.pivotRate > 0 && !isFrozen(bench);
  const pivotNetwork = learns ? await networkNamed(bench, options.teacher) : undefined;
  const pivot = pivotNetwork ? await pivotThatLearns(bench, pivotNetwork, steps, seed) : yield* pivotThatRests(bench);
  const cast: Cast = {
    pivot,
    students: students.map(({ name, network }, i) =>
      member({
        name,
        network,
        optimiser: optimiserFor(network.model, recipe, steps),
        temperature: options.temperature,
        key: lessonKey,
        initial: initialKey(seed, i),
      }),
    ),
  };
  const stage = `group, seed ${seed}`;
  const exams = openExams(bench, students[0]!.network, pivotNetwork);
  const config = await sha256(JSON.stringify([method, options, seed, steps, students.map(({ name }) => name)]));
  try {
    const group = yield* teachGroup({
      stage,
      cast,
      method,
      data: part,
      steps,
      batch: { batchSize: recipe.batchSize, augment: recipe.augment },
      key: lessonKey,
      exam: { every: Math.max(1, Math.ceil(steps / EXAMS)), run: exams.run },
      checkpoints: fileCheckpoints(`${folder}/group`, config),
      ...(checkpointSeconds !== undefined && { checkpointSeconds }),
      ...(signal && { signal }),
    });
    const start = pivotNetwork && (await exams.pivot(stateOf(await bench.outcome(PIVOT))));
    const lowest = Math.min(...group.log.exams.map(({ metrics }) => metrics.pivotAccuracy ?? 1));
    if (start !== undefined && lowest < start - FALL) {
      const message =
        "The pivot teacher fell more than a point below its start on the validation part: lower pivotRate.";
      yield { type: "warning", stage, message };
    }
    return await examined(bench, students, pivotNetwork, group, start);
  } finally {
    await exams.release();
  }
}

/** The target starts as it does in every other arm of its seed; networks of one architecture start differently. */
const initialKey = (seed: number, index: number) => {
  const first = random.fold(key(seed), "student");
  return index === 0 ? first : random.fold(first, index);
};

async function pivotThatLearns(bench: Bench<Options>, network: Network, steps: number, seed: number): Promise<Pivot> {
  const optimiser = optimiserFor(network.model, furtherRecipe(bench.options), steps);
  return learningPivot({ network, initial: stateOf(await bench.outcome(PIVOT)), optimiser, key: key(seed) });
}

async function* pivotThatRests(bench: Bench<Options>): AsyncGenerator<LessonEvent, Pivot> {
  const { stored } = yield* knowledgeOf(bench, await pivotTeacher(bench), trainingPart(bench));
  return storedPivot(stored);
}

/** Target and pivot on the validation part. */
function openExams({ data: { validation } }: Bench<Options>, target: Network, pivot: Network | undefined) {
  const examinee = networkExaminee(target);
  const pivotExaminee: Examinee<NetworkState> | undefined = pivot && networkExaminee(pivot);
  const pivotAccuracy = async (state: NetworkState) =>
    accuracy(await pivotExaminee!.answer(state, validation), validation.labels);
  return {
    async run({ students, pivot: now }: Cast): Promise<Record<string, number>> {
      const metrics = examine(await examinee.answer(students[0]!.state(), validation), validation.labels).metrics;
      const state = now.state();
      return { ...metrics, ...(state && pivotExaminee && { pivotAccuracy: await pivotAccuracy(state) }) };
    },
    pivot: pivotAccuracy,
    async release() {
      await examinee.release();
      await pivotExaminee?.release();
    },
  };
}

/** Everybody's test, and what is kept: the target's vectors as "params", "buffers", "answers", the others' with a prefix. */
async function examined(
  bench: Bench<Options>,
  students: readonly Student[],
  pivotNetwork: Network | undefined,
  group: Group,
  pivotStart: number | undefined,
): Promise<Outcome> {
  const { test } = bench.data;
  const arrays: Record<string, Float32Array> = { roles: group.roles, feedback: group.feedback };
  const accuracies: Record<string, number> = {};
  let metrics: Readonly<Record<string, number>> = {};
  const keep = async (prefix: string, network: Network, state: NetworkState) => {
    const sat = await sit(network, state, test);
    Object.assign(arrays, { [`${prefix}params`]: state.params, [`${prefix}buffers`]: state.buffers });
    arrays[`${prefix}answers`] = sat.answers.logits;
    return sat.metrics;
  };
  for (const [i, { name, network }] of students.entries()) {
    const measured = await keep(i === 0 ? "" : `student${i}/`, network, group.students[i]!);
    accuracies[name] = measured.accuracy!;
    if (i === 0) metrics = measured;
  }
  const pivot = pivotNetwork && group.pivot && (await keep("pivot/", pivotNetwork, group.pivot));
  const facts = {
    students: students.map(({ name, network }) => ({
      name,
      flops: network.model.flops,
      params: network.model.params.size,
    })),
    accuracies,
    ...(pivot && { pivot: { ...pivot } }),
    ...(pivotStart !== undefined && { pivotStart }),
  };
  const { log, seconds } = group;
  const target = trainedOutcome(students[0]!.network, { ...group.students[0]!, log, seconds }, metrics, facts);
  await writeOutputs(bench, students, pivotNetwork, group, trainingPart(bench));
  return { ...target, arrays };
}
