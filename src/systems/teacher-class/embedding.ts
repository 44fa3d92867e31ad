/**
 * What the class works on: the teacher's embedding z of every input, its statistics, and the head that reads it. One
 * cell finds it out; every other cell reads its outcome and the stored rows.
 */
import { type ArrayDataset, countOf, take } from "../../data/dataset.ts";
import { fail } from "../../errors.ts";
import { entryOf } from "../../nn/index.ts";
import type { LessonEvent } from "../../teaching/events.ts";
import type { Answers } from "../../teaching/exams/index.ts";
import type { Teacher } from "../../teaching/teacher.ts";
import { key, random } from "../../tensor/index.ts";
import { isFile, networkOf, stateOf, teacherOf } from "../kit/cast.ts";
import { knowledgeOf } from "../kit/knowledge.ts";
import { balanced } from "../kit/subset.ts";
import type { Bench, Outcome } from "../system.ts";
import { type Head, readHead } from "./head.ts";
import type { Options } from "./options.ts";
import { EMBEDDING, TEACHER } from "./plan.ts";
import { unlabelled } from "./regression.ts";
import { scaleOf, type UnitStatistics, unitStatistics } from "./statistics.ts";

export interface Embedding {
  readonly tap: string;
  readonly d: number;
  readonly head: Head;
  readonly statistics: UnitStatistics;
  /** [d]: divisors of standardised targets. */
  readonly scale: Float32Array;
}

/** z `[rows, d]` and the teacher's answers. */
export interface Rows {
  readonly z: Float32Array;
  readonly answers: Answers;
}

/** The inputs of phase 1, chosen without a look at labels; the same ones for every seed. */
export function inputsOf({ train }: Bench<unknown>["data"], { inputs }: Options): ArrayDataset {
  if (inputs === 0 || inputs >= countOf(train)) return train;
  const chosen = random.permutation(random.fold(key(0), "inputs"), countOf(train)).subarray(0, inputs);
  return take(train, chosen, `${train.name} (${inputs})`);
}

/** The labelled examples of phases 2 and 3, out of the inputs. */
export function labelledOf(bench: Bench<Options>): ArrayDataset {
  return balanced(inputsOf(bench.data, bench.options), bench.options.labels, random.fold(key(0), "labels"));
}

/** The few labelled examples of a seed, out of the inputs. */
export function fewOf({ data, options }: Bench<Options>, seed: number): ArrayDataset {
  return balanced(inputsOf(data, options), options.fewLabels, random.fold(key(seed), "few labels"));
}

/**
 * The tap to teach: the named one, else the last vector that is wider than the number of classes (a file's last vector
 * may be the logits before their bias). @throws E_TEACHER
 */
export function tapFor({ name, taps, classes }: Teacher, wanted: string): string {
  const vectors = [...taps].filter(([, shape]) => shape.length === 2);
  if (wanted !== "") {
    if (vectors.some(([tap]) => tap === wanted)) return wanted;
    const known = vectors.map(([tap, shape]) => `${tap} [${shape[1]}]`).join(", ") || "none";
    return fail("E_TAP", `${name} has no vector "${wanted}".`, `Its vectors per example are: ${known}.`);
  }
  const found = vectors.filter(([, shape]) => shape[1]! > classes).at(-1) ?? vectors.at(-1);
  return (
    found?.[0] ??
    fail(
      "E_TEACHER",
      `${name} has no vector per example that a class could learn.`,
      "Use a teacher with a dense layer before its head.",
    )
  );
}

/** The work of the cell. */
export async function* findEmbedding(bench: Bench<Options>): AsyncGenerator<LessonEvent, Outcome> {
  const { options, data } = bench;
  const teacher = await teacherOf(bench, options.teacher, TEACHER);
  const tap = tapFor(teacher, options.tap);
  const { z, answers } = yield* rowsOf(bench, teacher, tap, inputsOf(data, options));
  const d = teacher.taps.get(tap)![1]!;
  const about = { z, logits: answers.logits, d, classes: answers.classes };
  const { head, gap, from } = readHead(about, tap, await knownHead(bench));
  const { mean, deviation } = unitStatistics(z, d);
  const still = deviation.reduce((n, s) => n + (s === 0 ? 1 : 0), 0);
  return {
    metrics: { headGap: gap },
    seconds: 0,
    facts: { tap, d, activation: head.activation, from, deadUnits: still },
    arrays: { weight: head.weight, bias: head.bias, mean, deviation },
  };
}

/** The last linear layer of a teacher that was trained here. */
async function knownHead(bench: Bench<Options>): Promise<Pick<Head, "weight" | "bias"> | undefined> {
  const { options, own } = bench;
  if (own.teacher || isFile(options.teacher)) return undefined;
  const { model } = await networkOf(bench, options.teacher);
  const [weight, bias] = model.params.entries.slice(-2);
  if (!weight?.path.endsWith(".weight") || !bias?.path.endsWith(".bias")) return undefined;
  const { params } = stateOf(await bench.outcome(TEACHER));
  const values = (path: string) => {
    const { offset, size } = entryOf(model.params, path);
    return params.slice(offset, offset + size);
  };
  return { weight: values(weight.path), bias: values(bias.path) };
}

/** What the cell found. */
export async function embeddingOf(bench: Bench<Options>): Promise<Embedding> {
  const { arrays = {}, facts = {} } = await bench.outcome(EMBEDDING);
  const statistics = { mean: arrays.mean!, deviation: arrays.deviation! };
  const head = { weight: arrays.weight!, bias: arrays.bias!, activation: facts.activation as Head["activation"] };
  return { tap: String(facts.tap), d: Number(facts.d), head, statistics, scale: scaleOf(statistics) };
}

/** z and logits of a part, from the teacher store or into it. No label is read. */
export async function* rowsOf(
  bench: Pick<Bench<unknown>, "store">,
  teacher: Teacher,
  tap: string,
  dataset: ArrayDataset,
): AsyncGenerator<LessonEvent, Rows> {
  const { stored } = yield* knowledgeOf(bench, teacher, unlabelled(dataset), { taps: [tap] });
  return {
    z: stored.get(tap)!.data,
    answers: { logits: stored.get("logits")!.data, classes: teacher.classes },
  };
}
