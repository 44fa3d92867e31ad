/**
 * Online class-incremental learning of many lanes at once: every lane meets its tasks once, in its own order, in
 * mini-batches, without a task label, and sits the exams after each task. Lanes differ in order, key and, for tuning,
 * in the weight of EWC; they never share a number. Adam's moments begin anew with every task, as in Avalanche.
 *
 * Everything random is a function of the lane's key, so a lane learns the same alone and among others.
 */
import { fail } from "../../../errors.ts";
import { keyTensor } from "../../../nn/index.ts";
import { type Given, type HostTensor, host, type Key, random, zeros } from "../../../tensor/index.ts";
import { type Exam, sitExam } from "./exam.ts";
import type { Learner } from "./learner.ts";
import { memoryOf, poolOf, replayRows, taskRows } from "./lesson-plan.ts";
import { answerProgram, type Importance, importanceProgram, SLOTS, stepProgram } from "./programs.ts";
import { type Extras, publishedAlpha, type Strategy } from "./strategies.ts";

export interface Lane {
  /** Classes of each task, in the order of teaching. */
  readonly tasks: readonly (readonly number[])[];
  /** Start, order of examples, memory. */
  readonly key: Key;
  /** λ of EWC; the setting where not given. */
  readonly ewcWeight?: number;
}

/** Examples of a stream. */
export interface Material {
  /** [n, ...inputShape] */
  readonly x: HostTensor;
  readonly labels: Int32Array;
}

export interface Settings {
  readonly strategy: Strategy;
  readonly rate: number;
  readonly batchSize: number;
  /** Examples of each class. */
  readonly perClass: number;
  /** λ of EWC. */
  readonly ewcWeight: number;
  readonly importance: Importance;
  /** α of LwF for the k-th task, from 0. */
  readonly alpha?: (task: number) => number;
  /** Of LwF. */
  readonly temperature?: number;
  /** Examples that replay keeps of each class. */
  readonly memory: number;
  readonly signal?: AbortSignal;
}

export interface Learned {
  /** [exam][lane]: after each task, the accuracy on every task (NaN for tasks still to come). */
  readonly marks: readonly (readonly (readonly (readonly number[])[])[])[];
  /** [lanes, params] at the end. */
  readonly params: Float32Array;
}

/** Yields the number of lane-tasks done. @throws E_OPTION, E_STOPPED, E_DIVERGED */
export async function* learnStream(
  learner: Learner,
  material: Material,
  lanes: readonly Lane[],
  exams: readonly Exam[],
  settings: Settings,
): AsyncGenerator<number, Learned> {
  const marks: number[][][][] = exams.map(() => []);
  const params = new Float32Array(lanes.length * learner.params);
  const programs = {
    step: stepProgram(learner, settings.temperature ?? 1),
    importance: importanceProgram(learner, settings.importance),
    answer: answerProgram(learner),
  };
  try {
    let done = 0;
    for (let from = 0; from < lanes.length; from += learner.lanes) {
      const some = lanes.slice(from, from + learner.lanes);
      const group = learnGroup(learner, material, some, exams, settings, programs);
      let next = await group.next();
      for (; !next.done; next = await group.next()) yield (done += some.length);
      for (const [e, perLane] of next.value.marks.entries()) marks[e]!.push(...perLane);
      params.set(next.value.params, from * learner.params);
    }
    return { marks, params };
  } finally {
    await Promise.all(Object.values(programs).map((p) => p.release()));
  }
}

type Programs = {
  readonly step: ReturnType<typeof stepProgram>;
  readonly importance: ReturnType<typeof importanceProgram>;
  readonly answer: ReturnType<typeof answerProgram>;
};

async function* learnGroup(
  learner: Learner,
  { x, labels }: Material,
  lanes: readonly Lane[],
  exams: readonly Exam[],
  settings: Settings,
  { step, importance, answer }: Programs,
): AsyncGenerator<void, { marks: number[][][][]; params: Float32Array }> {
  const { strategy, rate, batchSize, perClass, signal, alpha = publishedAlpha } = settings;
  const [count, size] = [lanes.length, learner.params];
  const taskCount = lanes[0]!.tasks.length;
  if (lanes.some(({ tasks }) => tasks.length !== taskCount))
    fail("E_INTERNAL", "Lanes differ in their number of tasks.");
  const pool = poolOf(labels, learner.classes, perClass);
  const given = { x, labels: host(labels) };
  const starts = lanes.map(({ key }) => learner.init(key));
  const joined = (of: (start: (typeof starts)[number]) => Float32Array) => {
    const rows = starts.map(of);
    const out = new Float32Array(rows.length * rows[0]!.length);
    for (const [i, row] of rows.entries()) out.set(row, i * row.length);
    return host(out, [rows.length, rows[0]!.length]);
  };
  let params = joined((s) => s.params);
  let buffers = joined((s) => s.buffers);
  const copy = (t: HostTensor) => ({ ...t, data: t.data.slice() });
  const depth = Math.max(1, taskCount - 1);
  const kept = {
    weight: host(
      Float32Array.from(lanes, ({ ewcWeight }) => ewcWeight ?? settings.ewcWeight),
      [count, 1],
    ),
    importance: zeros([depth, count, size]),
    params: zeros([depth, count, size]),
  };
  const memories = lanes.map(() => [] as number[]);
  const marks: number[][][][] = exams.map(() => lanes.map(() => []));
  let seenSteps = 0;

  for (let task = 0; task < taskCount; task++) {
    const rows = lanes.map(({ tasks, key }) => taskRows(pool, tasks[task]!, random.fold(key, `task ${task}`)));
    const length = Math.min(...rows.map((r) => r.length));
    const batch = Math.min(batchSize, length);
    const steps = Math.floor(length / batch);
    const old = strategy === "lwf" ? { params: copy(params), buffers: copy(buffers) } : undefined;
    const seen = seenBefore(lanes, task, learner.classes);
    const extras: Given<Extras> =
      strategy === "ewc"
        ? { ewc: kept }
        : old
          ? { lwf: { ...old, alpha: alpha(task), seen: host(seen, [count, 1, learner.classes]) } }
          : {};
    const draw =
      strategy === "replay" && task > 0
        ? lanes.map(({ key }, r) => replayRows(memories[r]!, random.fold(key, `replay ${task}`)))
        : undefined;
    let slots: HostTensor[] = Array.from({ length: SLOTS }, () => zeros([count, size]));
    for (let s = 0; s < steps; s++) {
      if (signal?.aborted) fail("E_STOPPED", "The learners were stopped.", "Run the same command again: it goes on.");
      const ids = idsOf(rows, s * batch, batch, draw);
      const key = keyTensor(random.fold(lanes[0]!.key, `step ${seenSteps++}`));
      const out = await step({ params, buffers, slots }, given, ids, { step: s + 1, lr: rate, key }, extras);
      params = out.state.params;
      buffers = out.state.buffers;
      slots = [...out.state.slots];
      if (s === steps - 1 && !(out.losses.data as Float32Array).every(Number.isFinite)) {
        fail("E_DIVERGED", `A learner's loss is not finite in task ${task + 1}.`, "Lower the learning rate.");
      }
    }
    if (strategy === "ewc" && task < taskCount - 1) {
      const at = task * count * size;
      const sums = (kept.importance.data as Float32Array).subarray(at, at + count * size);
      for (let s = 0; s < steps; s++) {
        const square = (await importance({ params, buffers }, given, idsOf(rows, s * batch, batch)))
          .data as Float32Array;
        for (let i = 0; i < sums.length; i++) sums[i]! += square[i]! / steps;
      }
      (kept.params.data as Float32Array).set(params.data as Float32Array, at);
    }
    if (strategy === "replay") {
      for (const [r, { tasks }] of lanes.entries()) {
        memories[r]!.push(...memoryOf(rows[r]!, labels, tasks[task]!, settings.memory));
      }
    }
    for (const [e, exam] of exams.entries()) {
      const tasks = lanes.map((lane) => lane.tasks);
      const found = await sitExam(answer, { params, buffers }, exam, tasks, task);
      for (const [r, mark] of found.entries()) marks[e]![r]!.push(mark);
    }
    yield;
  }
  return { marks, params: params.data.slice() as Float32Array };
}

/** One batch per lane; with a memory, as many remembered rows again. */
function idsOf(
  rows: readonly Int32Array[],
  from: number,
  batch: number,
  draw?: readonly ((count: number) => Int32Array)[],
): HostTensor {
  const width = draw ? 2 * batch : batch;
  const ids = new Int32Array(rows.length * width);
  rows.forEach((row, r) => {
    ids.set(row.subarray(from, from + batch), r * width);
    if (draw) ids.set(draw[r]!(batch), r * width + batch);
  });
  return host(ids, [rows.length, width]);
}

/** [lanes, classes]: 1 for classes of earlier tasks. */
function seenBefore(lanes: readonly Lane[], task: number, classes: number): Float32Array {
  const seen = new Float32Array(lanes.length * classes);
  lanes.forEach(({ tasks }, r) => {
    for (const c of tasks.slice(0, task).flat()) seen[r * classes + c] = 1;
  });
  return seen;
}
