/**
 * One lesson: a student learns from labels, a teacher, or both, for a given number of steps.
 *
 * Teacher, student, loss, gradient, clipping and optimiser are one compiled program; this file only feeds it and tells
 * what happens. Everything random is a function of (key, step), so a checkpoint is the state vectors and a number. Runs in
 * Node and in browsers: whatever touches a disk or a thread comes in from outside.
 */
import { type Batch, batches } from "../data/batches.ts";
import { fail } from "../errors.ts";
import { initState, keyTensor, type TrainState, trainProgram } from "../nn/train-step.ts";
import { currentBackend, type HostTensor, host, random, scalarOf } from "../tensor/index.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { Examined, Progress } from "./events.ts";
import { type LessonPlan, prepareLesson } from "./plan.ts";

/** Curves for the report, points `[examples seen, value]`. Part of the checkpoint, so they survive a kill. */
export interface LessonLog {
  readonly loss: [number, number][];
  readonly exams: { readonly examples: number; readonly metrics: Readonly<Record<string, number>> }[];
  /** Running sum of the losses since the last point, and how many. */
  readonly window: [sum: number, count: number];
}

export interface Taught {
  readonly type: "taught";
  readonly stage: string;
  readonly params: Float32Array;
  readonly buffers: Float32Array;
  readonly log: LessonLog;
  readonly seconds: number;
}

export type TeachEvent =
  | Progress
  | Examined
  | { readonly type: "stage"; readonly stage: string; readonly state: "begins" | "resumes" | "ends" }
  | { readonly type: "checkpoint"; readonly stage: string; readonly step: number }
  | Taught;

/** Points of a loss curve. */
const POINTS = 100;
/** Between two pieces of news, ms: enough for a smooth bar, nothing for the loop. */
const NEWS_MS = 200;

/**
 * Teaches. The last event is "taught", with the student's parameters (adapters left out).
 * @throws E_DIVERGED (the last good checkpoint stays), E_STOPPED after `signal` (a checkpoint is written)
 */
export async function* teach(plan: LessonPlan): AsyncGenerator<TeachEvent, void> {
  // Native ONNX Runtime reads fed arrays in place; WebAssembly copies them into its own memory at every step.
  const inPlace = (await currentBackend()).name === "onnxruntime-node";
  const lesson = prepareLesson(plan, inPlace && (plan.augment ?? []).length === 0);
  const { stage, steps, checkpoints, checkpointSeconds = 5, exam, signal } = plan;
  const saved = await checkpoints?.load();
  let step = saved?.step ?? 0;
  const log: LessonLog = (saved?.log as LessonLog | undefined) ?? { loss: [], exams: [], window: [0, 0] };
  const before = saved?.seconds ?? 0;
  const start = performance.now();
  const seconds = () => before + (performance.now() - start) / 1000;
  yield { type: "stage", stage, state: saved ? "resumes" : "begins" };

  const run = trainProgram(lesson.step);
  let state = saved ? restore(saved) : startState(plan, lesson);
  const source: Iterator<Batch> | AsyncIterator<Batch> = openBatches(plan, lesson, step);
  const window = Math.max(1, Math.ceil(steps / POINTS));
  const begun = { step, at: performance.now() };
  let [news, kept] = [Number.NEGATIVE_INFINITY, performance.now()];

  const save = async () => {
    const arrays = arraysOf(state);
    if (!Object.values(arrays).every(allFinite)) diverged(stage, step, Number.NaN);
    await checkpoints!.save({ step, arrays, log, seconds: seconds() });
    kept = performance.now();
    return { type: "checkpoint", stage, step } as const;
  };
  try {
    while (step < steps) {
      const batch = (await source.next()).value as Batch;
      const result = await run(state, lesson.feed(batch), scalarsOf(plan, lesson, step));
      const loss = scalarOf(result.metrics.loss!);
      const norm = result.metrics.gradNorm ? scalarOf(result.metrics.gradNorm) : 0;
      if (!Number.isFinite(loss) || !Number.isFinite(norm)) diverged(stage, step, loss);
      state = result.state;
      // The first step compiles: what comes after it tells the pace.
      if (step === begun.step) begun.at = performance.now();
      step++;
      log.window[0] += loss;
      log.window[1]++;
      const examplesSeen = step * plan.batchSize;
      if (step % window === 0 || step === steps) {
        log.loss.push([examplesSeen, log.window[0] / log.window[1]]);
        log.window.splice(0, 2, 0, 0);
      }
      const now = performance.now();
      // Two steps tell a pace.
      if ((now - news >= NEWS_MS && step >= begun.step + 2) || step === steps) {
        news = now;
        const pace = Math.max(1e-9, (now - begun.at) / 1000 / Math.max(1, step - begun.step - 1));
        yield {
          type: "progress",
          stage,
          step,
          of: steps,
          loss,
          parts: partsOf(result.metrics),
          examplesPerSecond: plan.batchSize / pace,
          secondsLeft: pace * (steps - step),
        };
      }
      if (exam && (step % exam.every === 0 || step === steps)) {
        const metrics = await exam.run(lesson.own(state));
        log.exams.push({ examples: examplesSeen, metrics });
        yield { type: "exam", stage, step, on: "validation", metrics };
      }
      if (checkpoints && step < steps && (now - kept >= 1000 * checkpointSeconds || signal?.aborted))
        yield await save();
      if (signal?.aborted && step < steps) {
        fail(
          "E_STOPPED",
          `Stopped at step ${step} of ${steps} of ${stage}.`,
          checkpoints ? "Its checkpoint is kept." : undefined,
        );
      }
    }
    if (!allFinite(state.params.data as Float32Array)) diverged(stage, step, Number.NaN);
  } finally {
    await source.return?.();
    await run.release();
  }
  yield { type: "stage", stage, state: "ends" };
  const { params, buffers } = lesson.own(state);
  yield {
    type: "taught",
    stage,
    params: params.slice(),
    buffers: buffers.slice(),
    log,
    seconds: seconds(),
  };
}

type Lesson = ReturnType<typeof prepareLesson>;

/** Student, adapters and optimiser at step 0: a pure function of the key. */
function startState(plan: LessonPlan, lesson: Lesson): TrainState {
  const start = initState(plan.network.model, lesson.optimiser, random.fold(plan.key, "student"));
  const own = plan.initial ?? {
    params: start.params.data as Float32Array,
    buffers: start.buffers.data as Float32Array,
  };
  const more = lesson.initial(plan.key);
  const params = joined(own.params, more.params);
  return {
    params: host(params),
    buffers: host(joined(own.buffers, more.buffers)),
    slots: start.slots.map(() => host(new Float32Array(params.length))),
  };
}

/** A new vector: one behind the other. */
function joined(front: Float32Array, back: Float32Array): Float32Array {
  const out = new Float32Array(front.length + back.length);
  out.set(front);
  out.set(back, front.length);
  return out;
}

/** Batches from a step on. */
function openBatches({ batchSize, augment = [], key, open }: LessonPlan, { reads }: Lesson, start: number) {
  const options = { key: random.fold(key, "batches"), batchSize, augment };
  return open ? open(reads, { ...options, start }) : batches(reads, options).from(start);
}

function scalarsOf({ steps, key }: LessonPlan, { optimiser }: Lesson, step: number) {
  return {
    lr: optimiser.lr(step + 1),
    step: step + 1,
    key: keyTensor(random.fold(random.fold(key, "step"), step)),
    progress: step / steps,
  };
}

function arraysOf({ params, buffers, slots }: TrainState): Record<string, Float32Array> {
  const named = { params, buffers, ...Object.fromEntries(slots.map((slot, i) => [`slot${i}`, slot])) };
  return Object.fromEntries(Object.entries(named).map(([name, t]) => [name, t.data as Float32Array]));
}

function restore({ arrays }: Checkpoint): TrainState {
  const { params, buffers, ...slots } = arrays;
  const count = Object.keys(slots).length;
  return {
    params: host(params!),
    buffers: host(buffers!),
    slots: Array.from({ length: count }, (_, i) => host(slots[`slot${i}`]!)),
  };
}

function partsOf(metrics: Readonly<Record<string, HostTensor>>): Record<string, number> {
  const { loss: _loss, gradNorm: _norm, ...parts } = metrics;
  return Object.fromEntries(Object.entries(parts).map(([name, t]) => [name, scalarOf(t)]));
}

function allFinite(values: Float32Array): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}

function diverged(stage: string, step: number, loss: number): never {
  return fail(
    "E_DIVERGED",
    `${stage} diverged at step ${step + 1}: ${Number.isFinite(loss) ? "its gradient is not finite" : `its loss is ${loss}`}.`,
    "Lower the learning rate or clip the gradient; the last good checkpoint is kept.",
  );
}
