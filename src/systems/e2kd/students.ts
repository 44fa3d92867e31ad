/** The work of a student's cell: what the teacher says, one lesson, exams. */

import type { ArrayDataset, Split } from "../../data/dataset.ts";
import type { LessonEvent } from "../../teaching/events.ts";
import { at } from "../../teaching/losses/at.ts";
import { crossEntropy } from "../../teaching/losses/cross-entropy.ts";
import { kd } from "../../teaching/losses/kd.ts";
import type { Loss } from "../../teaching/losses/loss.ts";
import { lossEntry } from "../../teaching/losses/registry.ts";
import { chooseTap } from "../../teaching/losses/taps.ts";
import { weighted } from "../../teaching/losses/weighted.ts";
import { type Network, tapShapes } from "../../teaching/network.ts";
import type { Teacher } from "../../teaching/teacher.ts";
import { trainedOutcome } from "../kit/cast.ts";
import { knowledgeOf } from "../kit/knowledge.ts";
import { type Lesson, learn, type Recipe, stepsOf } from "../kit/learn.ts";
import type { Bench, Outcome } from "../system.ts";
import { explainerFor } from "./explain/choose.ts";
import { EXPLANATION } from "./explain/teacher.ts";
import { watched } from "./explain/watch.ts";
import { fromStack, needGeometric, stack } from "./frozen.ts";
import { observer, sightOfNetwork } from "./look.ts";
import { e2kd } from "./loss.ts";
import { marksOf, type Said, validationMarks } from "./marks.ts";
import { modelName, studentNetwork } from "./models.ts";
import type { Options } from "./options.ts";
import { augmentOf, epochsFor, examParts, studentParts } from "./parts.ts";
import type { Arm } from "./plan.ts";
import { explain, namedBy, teacherFor } from "./teachers.ts";

type Working = Bench<Options>;
/** Points of the validation curve: a lesson takes a second or two, an exam a tenth of one. */
const EXAMS = 5;
/** Pictures per step. */
const BATCH = 50;

/**
 * Alike for all arms. The rate is high because lessons are short: at 0.05 distillation of 500 drawn digits agreed with its
 * teacher on 49 %, at 0.1 on 60 %, at 0.2 on 76 % (one seed each).
 */
function recipe(arm: Arm, { train }: Split, { explainer, seen, ...options }: Options): Recipe {
  const common = { epochs: epochsFor(seen, train), batchSize: BATCH, augment: augmentOf(arm, train) };
  return modelName({ explainer, ...options }, "student").startsWith("bcos-")
    ? { ...common, optimiser: "adamw", rate: 1e-2, decay: 0 }
    : { ...common, optimiser: "sgd", rate: 0.2, decay: 5e-4 };
}

export async function* workStudent(arm: Arm & { seed: number }, bench: Working): AsyncGenerator<LessonEvent, Outcome> {
  const { options } = bench;
  const parts = studentParts(bench.data, arm, arm.seed, options);
  const network = await studentNetwork(bench, parts.train);
  const teacher = await teacherFor(bench, arm.teacher);
  const how = recipe(arm, parts, options);
  const lesson = yield* lessonOf({ bench, arm, teacher, network, train: parts.train, recipe: how });
  const stage = `${arm.method} ${arm.lambda}, seed ${arm.seed}`;
  const trained = yield* learn(
    { ...bench, data: parts },
    { ...lesson, stage, recipe: how, seed: arm.seed, exams: EXAMS },
  );

  const { explained } = await explain(bench, teacher, parts.train);
  const explainer = explainerFor(options.explainer, fitted(options, network, options.pictureSize));
  const shape = explained.taps.get(EXPLANATION)!.slice(1);
  const watch = observer(sightOfNetwork(network, trained, explainer), explainer, options.contrast, shape);
  try {
    const about = async function* (data: ArrayDataset): AsyncGenerator<LessonEvent, Said> {
      const { stored } = yield* knowledgeOf(bench, explained, data, { taps: [EXPLANATION] });
      return { stored, classes: namedBy(stored.get("logits")!.data, teacher.classes) };
    };
    const validation = await validationMarks(watch, parts.validation, yield* about(parts.validation));
    const exams = examParts(bench.data, arm.experiment === "shortcut", options);
    const [usual, odd] = [yield* about(exams.usual.data), exams.odd && (yield* about(exams.odd.data))];
    const { metrics, shown } = await marksOf(watch, exams, usual, odd);
    const outcome = trainedOutcome(network, trained, metrics, { validation });
    return { ...outcome, arrays: { ...outcome.arrays, shown } };
  } finally {
    await watch.release();
  }
}

const fitted = ({ pathPoints }: Options, network: Network, full: boolean) =>
  ({
    taps: tapShapes(network),
    whose: "student",
    inputShape: network.model.inputShape,
    full,
    points: pathPoints,
  }) as const;

export interface Setting {
  readonly bench: Working;
  readonly arm: Arm;
  readonly teacher: Teacher;
  readonly network: Network;
  readonly train: ArrayDataset;
  readonly recipe: Recipe;
}
type Prepared = Pick<Lesson, "network" | "loss" | "data"> & Partial<Pick<Lesson, "teacher" | "taps" | "stored">>;

/** Network, loss and targets of an arm: live (the teacher runs in the step), or frozen (it was asked once). */
export async function* lessonOf(setting: Setting): AsyncGenerator<LessonEvent, Prepared> {
  const { bench, arm, teacher, network, train, recipe: how } = setting;
  const { options } = bench;
  if (arm.method === "labels") return { network, loss: crossEntropy(), data: train };
  const moving = how.augment.length > 0;
  // Maps that are cropped and flipped with their pictures have the size of pictures; so have those they are compared with.
  const full = options.pictureSize || arm.experiment === "frozen";
  const { explained } = await explain(bench, teacher, train, full);
  const explainer = explainerFor(options.explainer, fitted(options, network, full));
  const explains = arm.method === "e2kd";
  const pair = arm.method === "at" && attention(network, teacher);
  const loss = lossOf(setting, explainer, pair || undefined);
  const taps = [...(explains ? [EXPLANATION] : []), ...(pair ? [pair.teacher] : [])];
  const plain = explains ? watched(network, explainer) : network;
  if (!arm.frozen) return { network: plain, loss, data: train, teacher: explained, taps };
  if (!moving) {
    const { stored } = yield* knowledgeOf(bench, explained, train, { taps });
    return { network: plain, loss, data: train, stored };
  }
  needGeometric(how.augment);
  // Distillation alone lays maps on its pictures as well, so that both arms do the same work.
  const { stored } = yield* knowledgeOf(bench, explained, train, { taps: [EXPLANATION] });
  const stacked = watched(network, explainer, stored.get(EXPLANATION)!.shape[0]!);
  return { network: stacked, loss: fromStack(loss, stored, train), data: stack(train, stored) };
}

function attention(network: Network, teacher: Teacher) {
  return {
    student: chooseTap("map", tapShapes(network), "student"),
    teacher: chooseTap("map", teacher.taps, "teacher"),
  };
}

function lossOf(
  { bench, arm, train, recipe: how }: Setting,
  explainer: ReturnType<typeof explainerFor>,
  pair?: { student: string; teacher: string },
): Loss {
  const { temperature, labelWeight: labels, contrast, every } = bench.options;
  if (pair) {
    return weighted<Parameters<Loss>[0], Parameters<Loss>[1]>({
      kd: [1, kd({ temperature })],
      at: [lossEntry("at").weight, at({ pairs: [[pair.student, pair.teacher]] })],
      ce: [labels, crossEntropy()],
    });
  }
  const interval = {
    every,
    steps: stepsOf({ ...how, batchSize: Math.min(how.batchSize, train.labels.length) }, train),
  };
  return e2kd({ weight: arm.lambda, temperature, labels, explainer, contrast, interval });
}
