/** The work of each kind of cell. */
import { fail } from "../../errors.ts";
import type { LessonEvent } from "../../teaching/events.ts";
import { crossEntropy } from "../../teaching/losses/cross-entropy.ts";
import { kd } from "../../teaching/losses/kd.ts";
import { weighted } from "../../teaching/losses/weighted.ts";
import type { Network } from "../../teaching/network.ts";
import type { Teacher } from "../../teaching/teacher.ts";
import { stateOf, trainedOutcome } from "../kit/cast.ts";
import { ask, sit } from "../kit/exam.ts";
import { knowledgeOf } from "../kit/knowledge.ts";
import { learn, type Trained } from "../kit/learn.ts";
import type { Bench, Outcome } from "../system.ts";
import { isFrozen, networkNamed, pivotTeacher, studentsOf, trainedTeacher, trainingPart } from "./cast.ts";
import { furtherRecipe, type Options, pivotRecipe, recipeOf } from "./options.ts";
import { assistantId, PIVOT, type Task } from "./plan.ts";
import { workGroup } from "./work-group.ts";

type Work = AsyncGenerator<LessonEvent, Outcome>;

/** Does what a task says. Every cell that trains a network leaves its answers on the test part as "answers". */
export async function* work(task: Task, bench: Bench<Options>): Work {
  switch (task.kind) {
    case "pivot":
      return yield* trainPivot(bench);
    case "further":
      return yield* trainFurther(bench, task.seed);
    case "student":
      return yield* trainStudent(bench, task);
    case "group":
      return yield* workGroup(bench, task.method, task.seed);
  }
}

async function* trainPivot(bench: Bench<Options>): Work {
  const { options } = bench;
  if (isFrozen(bench)) {
    const teacher = await pivotTeacher(bench);
    const { metrics, answers } = await ask(teacher, bench.data.test);
    const { params, flops } = teacher;
    return { metrics, params, flops, seconds: 0, arrays: { answers: answers.logits } };
  }
  const network = await networkNamed(bench, options.teacher);
  const lesson = { stage: "pivot teacher", network, loss: crossEntropy(), recipe: pivotRecipe(options), seed: 0 };
  const trained = yield* learn(bench, { ...lesson, data: trainingPart(bench) });
  return examined(bench, network, trained);
}

/** As many further steps as a group takes, at the pivot's rate in a group: what intensive teaching has to beat. */
async function* trainFurther(bench: Bench<Options>, seed: number): Work {
  const { options } = bench;
  if (isFrozen(bench) || options.pivotRate === 0) {
    fail("E_OPTION", 'Arm "kd-further" trains the pivot further, but this pivot is frozen.', "Leave it out of --arms.");
  }
  const network = await networkNamed(bench, options.teacher);
  const initial = stateOf(await bench.outcome(PIVOT));
  const lesson = { stage: `pivot trained further, seed ${seed}`, network, initial, loss: crossEntropy(), seed };
  const trained = yield* learn(bench, { ...lesson, recipe: furtherRecipe(options), data: trainingPart(bench) });
  return examined(bench, network, trained);
}

/** Labels alone, or KD with the weights (1-β, β) that the pivot's term has in a group. */
async function* trainStudent(bench: Bench<Options>, { seed, member, by }: Extract<Task, { kind: "student" }>): Work {
  const { options } = bench;
  const { beta, temperature } = options;
  const students = await studentsOf(bench);
  const { name, network } = students[member]!;
  const part = trainingPart(bench);
  const teacher = by === null ? undefined : await teacherBy(bench, by, seed);
  const known = teacher && (yield* knowledgeOf(bench, teacher, part));
  const loss = known ? weighted({ ce: [1 - beta, crossEntropy()], kd: [beta, kd({ temperature })] }) : crossEntropy();
  const stage = `${name}${teacher ? ` taught by ${teacher.name}` : " alone"}, seed ${seed}`;
  const lesson = { stage, network, loss, recipe: recipeOf(options), seed, data: part };
  const trained = yield* learn(bench, { ...lesson, ...(known && { stored: known.stored }) });
  return examined(bench, network, trained);
}

async function examined({ data }: Bench<Options>, network: Network, trained: Trained): Promise<Outcome> {
  const { metrics, answers } = await sit(network, trained, data.test);
  const outcome = trainedOutcome(network, trained, metrics);
  return { ...outcome, arrays: { ...outcome.arrays, answers: answers.logits } };
}

/** The pivot, the pivot trained further, or an assistant. */
async function teacherBy(bench: Bench<Options>, by: string, seed: number): Promise<Teacher> {
  if (by === PIVOT) return pivotTeacher(bench);
  const students = await studentsOf(bench);
  const member = students.findIndex((_, i) => assistantId(i, seed) === by);
  const network = member >= 0 ? students[member]!.network : await networkNamed(bench, bench.options.teacher);
  return trainedTeacher(bench, network, by);
}
