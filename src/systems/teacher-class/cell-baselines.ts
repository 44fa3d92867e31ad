/**
 * What a class is compared with, at no smaller budget: one student from labels, students taught by logits and their
 * ensembles, the class's own network from scratch; and all ways of learning from few labels.
 */
import type { LessonEvent } from "../../teaching/events.ts";
import { type Answers, examine } from "../../teaching/exams/index.ts";
import { crossEntropy } from "../../teaching/losses/cross-entropy.ts";
import { kd } from "../../teaching/losses/kd.ts";
import type { Loss } from "../../teaching/losses/loss.ts";
import { weighted } from "../../teaching/losses/weighted.ts";
import type { Network } from "../../teaching/network.ts";
import { studentOf, teacherOf, trainedOutcome } from "../kit/cast.ts";
import { sit } from "../kit/exam.ts";
import { learn, type Trained } from "../kit/learn.ts";
import type { Bench, Outcome } from "../system.ts";
import { type ClassCast, castOf, statesOf } from "./cast.ts";
import { joinStates } from "./compose.ts";
import { embeddingOf, fewOf, inputsOf, labelledOf, rowsOf } from "./embedding.ts";
import { ensembleWithout } from "./missing.ts";
import type { Options } from "./options.ts";
import { classAnswers, fineTune, recipes, trainHead } from "./phases.ts";
import { studentsCell, type Task, TEACHER } from "./plan.ts";
import { unlabelled } from "./regression.ts";

type Of<K extends Task["kind"]> = Extract<Task, { kind: K }>;
type Work = AsyncGenerator<LessonEvent, Outcome>;

const ce = crossEntropy() as Loss;

export async function* single({ seed }: Of<"single">, bench: Bench<Options>): Work {
  const network = await studentOf(bench, bench.options.student);
  const lesson = { stage: "student", network, loss: ce, recipe: recipes.whole(bench.options), seed };
  const trained = yield* learn(bench, { ...lesson, data: labelledOf(bench) });
  return trainedOutcome(network, trained, (await sit(network, trained, bench.data.test)).metrics);
}

export async function* scratch({ n, seed }: Of<"scratch">, bench: Bench<Options>): Work {
  const { whole } = (await castOf(bench, await embeddingOf(bench), n, "student"))!;
  const lesson = { stage: "network", network: whole, loss: ce, recipe: recipes.whole(bench.options), seed };
  const trained = yield* learn(bench, { ...lesson, data: labelledOf(bench) });
  return trainedOutcome(whole, trained, (await sit(whole, trained, bench.data.test)).metrics);
}

/** Members from seeds of their own; the first one has the start values and batches of `single`. */
export async function* taught({ members, seed }: Of<"taught">, bench: Bench<Options>): Work {
  const { options, data } = bench;
  const network = await studentOf(bench, options.student);
  const teacher = await teacherOf(bench, options.teacher, TEACHER);
  const { tap } = await embeddingOf(bench);
  const labelled = labelledOf(bench);
  const known = (yield* rowsOf(bench, teacher, tap, labelled)).answers;
  const said = (yield* rowsOf(bench, teacher, tap, data.test)).answers;
  const stored = new Map([["logits", { shape: [known.classes], data: known.logits }]]);
  const loss = weighted({ ce: [0.1, ce], kd: [0.9, kd()] });
  const answers: Answers[] = [];
  let first: Trained | undefined;
  let seconds = 0;
  const marks: Record<string, Readonly<Record<string, number>>> = {};
  for (let m = 1; m <= members; m++) {
    const own = m === 1 ? seed : seed * 1_000_003 + m;
    const lesson = { stage: `student ${m}`, network, loss, recipe: recipes.whole(options), seed: own };
    const trained = yield* learn(bench, { ...lesson, data: labelled, stored, exams: m === 1 ? 10 : 0 });
    first ??= trained;
    seconds += trained.seconds;
    answers.push((await sit(network, trained, data.test)).answers);
    if (options.sizes.includes(m)) {
      marks[`${m}`] = { ...examine(meanAnswers(answers), data.test.labels, said).metrics, seconds };
    }
  }
  const missing = Object.fromEntries(
    options.sizes.filter((n) => n > 1).map((n) => [`${n}`, ensembleWithout(answers.slice(0, n), data.test.labels)]),
  );
  const alone = examine(answers[0]!, data.test.labels, said).metrics;
  return trainedOutcome(network, { ...first! }, { ...alone }, { ensembles: marks, missing });
}

/** Mean of the logits, as of an ensemble of teachers. */
function meanAnswers(all: readonly Answers[]): Answers {
  const logits = all[0]!.logits.map((_, i) => all.reduce((sum, a) => sum + a.logits[i]!, 0) / all.length);
  return { logits, classes: all[0]!.classes };
}

export async function* fewLabels({ n, seed, way }: Of<"few">, bench: Bench<Options>): Work {
  const { data, options } = bench;
  const embedding = await embeddingOf(bench);
  const cast = (await castOf(bench, embedding, n, "student"))!;
  const trained = yield* {
    class: () => fewClass(cast, n, seed, bench),
    labels: () =>
      learn(bench, {
        stage: "network",
        network: cast.whole,
        loss: ce,
        recipe: recipes.fewWhole(options),
        seed,
        data: fewOf(bench, seed),
      }),
    logits: () => fromLogits(cast.whole, seed, bench),
  }[way]();
  return trainedOutcome(cast.whole, trained, (await sit(cast.whole, trained, data.test)).metrics);
}

/** Phases 2 and 3 with few labels, from the same students as with all of them. */
async function* fewClass(
  { chunks, students, whole, head }: ClassCast,
  n: number,
  seed: number,
  bench: Bench<Options>,
): AsyncGenerator<LessonEvent, Trained> {
  const { data, options } = bench;
  const { tap, d } = await embeddingOf(bench);
  const phase1 = await bench.outcome(studentsCell(n, "student", seed));
  const alone = statesOf(phase1, n);
  const few = fewOf(bench, seed);
  const parts = {
    train: { data: few, z: await classAnswers(students, alone, few, chunks) },
    validation: { data: data.validation, z: await classAnswers(students, alone, data.validation, chunks) },
  };
  const about = { d, activation: head.activation, dropout: options.dropout };
  const tuned = yield* trainHead(bench, "head", parts, about, recipes.fewHead(options), seed, { initial: head });
  const teacher = await teacherOf(bench, options.teacher, TEACHER);
  const known = (yield* rowsOf(bench, teacher, tap, few)).answers;
  const from = joinStates([...alone, tuned]);
  const fine = yield* fineTune(bench, "whole class", whole, from, few, known, recipes.fewFine(options), seed);
  return { ...fine, seconds: (phase1.seconds ?? 0) + tuned.seconds + fine.seconds };
}

/** Label-free distillation of the same network: KD alone (α = 1) on the same inputs as phase 1. */
async function* fromLogits(
  network: Network,
  seed: number,
  bench: Bench<Options>,
): AsyncGenerator<LessonEvent, Trained> {
  const { data, options } = bench;
  const inputs = inputsOf(data, options);
  const teacher = await teacherOf(bench, options.teacher, TEACHER);
  const { tap } = await embeddingOf(bench);
  const { answers } = yield* rowsOf(bench, teacher, tap, inputs);
  const stored = new Map([["logits", { shape: [answers.classes], data: answers.logits }]]);
  const lesson = { stage: "network", network, loss: kd(), recipe: recipes.whole(options), seed };
  return yield* learn(bench, { ...lesson, data: unlabelled(inputs), stored });
}
