/** The work of each kind of cell. */
import { cacheBytes } from "../../language/files/index.ts";
import type { LessonEvent } from "../../teaching/events.ts";
import { host, random } from "../../tensor/index.ts";
import type { Bench, Outcome } from "../system.ts";
import { adjust } from "./adjust.ts";
import { chooseBlocks, fixedBlocks, similarBlocks } from "./blocks.ts";
import { flopsPerToken } from "./cost.ts";
import { unusedParameters, withoutFollowers } from "./dropped.ts";
import { exportStudent, exportTeacher } from "./export.ts";
import { measured } from "./measure.ts";
import type { ArmName, Options } from "./options.ts";
import { ANALYSIS, type Task } from "./plan.ts";
import { similarityOf } from "./similarity.ts";
import { SPEEDS, timeBoth } from "./speed.ts";
import { inherit, savedParameters, type Trained } from "./surgery.ts";
import { isOwn, type Setting, settingOf, stepsOf, workTeacher } from "./teacher.ts";

export function work(task: Task, bench: Bench<Options>): AsyncGenerator<LessonEvent, Outcome> {
  if (task.kind === "teacher") return workTeacher(bench);
  if (task.kind === "analysis") return workAnalysis(bench);
  return task.kind === "speed" ? workSpeed(bench) : workStudent(task.arm, task.seed, bench);
}

/** What the analysis leaves behind. */
export type Analysis = {
  readonly same: readonly (readonly number[])[];
  readonly withoutSink: readonly (readonly number[])[];
  readonly matched: readonly (readonly number[])[];
  readonly bySequence: readonly (readonly number[])[];
  readonly leaders: readonly number[];
  /** As many followers where copying hurts most. */
  readonly unlike: readonly number[];
  /** Loss of students that nobody has adjusted, by the length of fixed blocks. */
  readonly damage: readonly { readonly length: number; readonly followers: number; readonly crossEntropy: number }[];
};

/** Rows of a comparison of layers at a time: all maps of a batch are in memory together. */
const AT_ONCE = 2;
/** Tokens for the damage of each length. */
const GLANCE = 8192;

async function* workAnalysis(bench: Bench<Options>): AsyncGenerator<LessonEvent, Outcome> {
  const { options } = bench;
  const { teacher, text } = await settingOf(bench);
  const { decoder, params } = teacher;
  const { tokens } = text.batch(random.fold(random.key(0), "echoatt likeness"), options.sequences)(0);
  const [rows, length] = tokens.shape as [number, number];
  const cut = (from: number) => {
    const to = Math.min(rows, from + AT_ONCE);
    return host((tokens.data as Int32Array).slice(from * length, to * length), [to - from, length]);
  };
  const batches = Array.from({ length: Math.ceil(rows / AT_ONCE) }, (_, i) => cut(i * AT_ONCE));
  yield { type: "working", stage: ANALYSIS, done: 0, of: rows };
  const { same, withoutSink, matched, bySequence } = await similarityOf(decoder, params, batches);
  const leaders = chooseBlocks({ ...options, layers: decoder.config.layers }, (l, f) => same[l]![f]!);
  const followers = leaders.filter((leader, i) => leader !== i).length;
  const everywhere = { layers: leaders.length, skipFirst: 0, skipLast: 0, length: longestBlock(leaders) };
  const unlike = similarBlocks(everywhere, unlikeness(same), { followers });
  const { layers } = decoder.config;
  const inner = layers - options.skipFirst - options.skipLast;
  const damage: Analysis["damage"][number][] = [];
  for (let k = 1; k <= inner; k++) {
    yield { type: "working", stage: "damage by length of blocks", done: k, of: inner };
    const blocks = fixedBlocks({ ...options, layers, length: k });
    const { crossEntropy } = await measured(inherit(teacher, blocks), teacher, text.exam(GLANCE));
    damage.push({ length: k, followers: blocks.filter((leader, i) => leader !== i).length, crossEntropy });
  }
  const analysis: Analysis = { same, withoutSink, matched, bySequence, leaders, unlike, damage };
  const marks = await measured(teacher, teacher, text.exam(options.examTokens));
  // KL of a model from itself is the rounding of its softmax.
  return { metrics: { crossEntropy: marks.crossEntropy }, facts: { ...analysis } };
}

/** Least alike is best, the first layer leading and the last one following before all else: both are special. */
const unlikeness = (same: readonly (readonly number[])[]) => (leader: number, follower: number) =>
  (follower === same.length - 1 ? 10 : 0) + (leader === 0 && follower === 1 ? 10 : 0) - same[leader]![follower]!;

const longestBlock = (leaders: readonly number[]): number =>
  Math.max(...leaders.map((leader) => leaders.filter((other) => other === leader).length));

const analysisOf = async (bench: Bench<Options>): Promise<Analysis> =>
  (await bench.outcome(ANALYSIS)).facts as unknown as Analysis;

async function* workSpeed(bench: Bench<Options>): AsyncGenerator<LessonEvent, Outcome> {
  const { teacher, text } = await settingOf(bench);
  const { leaders } = await analysisOf(bench);
  const student = inherit(teacher, leaders);
  const { rounds, speedBatch: batch } = bench.options;
  const { context } = text;
  const facts: Record<string, { teacher: readonly number[]; student: readonly number[]; tokens: number }> = {};
  for (const [i, kind] of SPEEDS.entries()) {
    yield { type: "working", stage: `speed: ${kind}`, done: i, of: SPEEDS.length };
    facts[kind] = await timeBoth(kind, teacher, student, { batch, context, rounds });
  }
  return { metrics: {}, facts: { ...facts, batch, context } };
}

async function* workStudent(arm: ArmName, seed: number, bench: Bench<Options>): AsyncGenerator<LessonEvent, Outcome> {
  const { options, signal } = bench;
  const setting = await settingOf(bench);
  const { teacher, text } = setting;
  const { leaders, unlike } = await analysisOf(bench);
  const student = startOf(arm, setting, arm === "unlike" ? unlike : leaders, seed);
  const exam = text.exam(options.examTokens);
  const { rows, steps } = stepsOf(options.adjustTokens, options, text);
  // Arms of a seed read the same rows in the same order.
  const key = random.fold(random.key(seed), "echoatt");
  const taught =
    arm === "none"
      ? undefined
      : yield* adjust(student, teacher, {
          steps,
          stageOne: arm === "text" || arm === "teacher" ? 0 : options.stageOne,
          rate: arm === "random" ? options.teacherRate : options.rate,
          weights: {
            intermediate: options.intermediateWeight,
            soft: options.softWeight,
            hard: options.hardWeight,
            temperature: options.temperature,
            labels: options.labels,
          },
          rows: text.batch(random.fold(key, "rows"), rows),
          batchSize: rows,
          key,
          name: `${arm}, seed ${seed}`,
          ...(signal && { signal }),
        });
  const params = taught?.params ?? student.params;
  const after = { decoder: student.decoder, params };
  if (options.export && arm === "echo" && seed === 1) {
    await exportStudent(after, options.export, text.tokeniser);
    if (isOwn(options)) await exportTeacher(teacher, options.export, text.tokeniser);
  }
  const { config } = student.decoder;
  const unused = arm === "dropped" ? unusedParameters(config) : 0;
  return {
    metrics: { ...(await measured(after, teacher, exam)) },
    params: params.length - unused,
    flops: flopsPerToken(config, text.context, arm === "dropped"),
    seconds: taught?.seconds ?? 0,
    ...(taught && { log: taught.log }),
    facts: {
      saved: savedParameters(config),
      cache: cacheBytes(config) * text.context,
      steps: [...(taught?.steps ?? [0, 0])],
      tokens: steps * rows * text.context,
    },
  };
}

function startOf(arm: ArmName, { teacher }: Setting, leaders: readonly number[], seed: number): Trained {
  if (arm === "teacher") return teacher;
  const copied = inherit(teacher, leaders);
  if (arm === "random") {
    const { params } = copied.decoder.model.init(random.fold(random.key(seed), "echoatt start"));
    return { decoder: copied.decoder, params };
  }
  return arm === "dropped" ? { decoder: withoutFollowers(copied.decoder.config), params: copied.params } : copied;
}
