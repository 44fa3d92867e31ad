/**
 * Training steps, one after the other: the part of every lesson that is the same whatever a batch holds. Feeds a compiled
 * step, tells what happens, keeps checkpoints, stops on a signal, and refuses numbers that are not finite. Runs in Node
 * and in browsers.
 */
import { fail } from "../errors.ts";
import type { StateOf, TrainState } from "../nn/train-step.ts";
import { type HostTensor, host, scalarOf } from "../tensor/index.ts";
import type { Checkpoint, Checkpoints } from "./checkpoint.ts";
import type { Examined, Progress } from "./events.ts";

/** Curves for the report, points `[examples seen, value]`. Part of the checkpoint, so they survive a kill. */
export interface LessonLog {
  readonly loss: [number, number][];
  readonly exams: { readonly examples: number; readonly metrics: Readonly<Record<string, number>> }[];
  /** Running sum of the losses since the last point, and how many. */
  readonly window: [sum: number, count: number];
}

export type StepsEvent =
  | Progress
  | Examined
  | { readonly type: "stage"; readonly stage: string; readonly state: "begins" | "resumes" | "ends" }
  | { readonly type: "checkpoint"; readonly stage: string; readonly step: number };

/** What a step of any lesson gives back. */
export interface Stepped {
  readonly state: StateOf<HostTensor>;
  /** "loss", perhaps "gradNorm", and the unweighted parts of the loss. */
  readonly metrics: Readonly<Record<string, HostTensor>>;
}

export interface StepsPlan<Batch> {
  /** Name for events: "student, seed 1". */
  readonly stage: string;
  readonly steps: number;
  /** Examples of one step: the unit in which progress and curves count. */
  readonly batchSize: number;
  /** State at step 0: a pure function of the lesson's key. */
  readonly start: () => TrainState;
  /**
   * The batch of a step, from 0; a pure function of the step and of the state before it, so that a resumed lesson sees
   * the same ones. Called in order.
   */
  readonly batch: (step: number, state: TrainState) => Batch | Promise<Batch>;
  readonly run: (batch: Batch, state: TrainState, step: number) => Promise<Stepped>;
  /** An exam every so many steps and after the last one; it must not change the state. */
  readonly exam?: {
    readonly every: number;
    run(state: TrainState, step: number): Promise<Readonly<Record<string, number>>>;
  };
  /** Where not every so many: steps after which an exam takes place. */
  readonly examAt?: (step: number) => boolean;
  readonly checkpoints?: Checkpoints;
  /** Seconds between two checkpoints; a kill costs at most that much work. Default 5. */
  readonly checkpointSeconds?: number;
  readonly signal?: AbortSignal;
}

export interface Finished {
  readonly state: TrainState;
  readonly log: LessonLog;
  readonly seconds: number;
}

/** Points of a loss curve. */
const POINTS = 100;
/** Between two pieces of news, ms: enough for a smooth bar, nothing for the loop. */
const NEWS_MS = 200;

/** @throws E_DIVERGED (the last good checkpoint stays), E_STOPPED after `signal` (a checkpoint is written) */
export async function* takeSteps<Batch>(plan: StepsPlan<Batch>): AsyncGenerator<StepsEvent, Finished> {
  const { stage, steps, batchSize, checkpoints, checkpointSeconds = 5, exam, signal } = plan;
  const saved = await checkpoints?.load();
  let step = saved?.step ?? 0;
  const log: LessonLog = (saved?.log as LessonLog | undefined) ?? { loss: [], exams: [], window: [0, 0] };
  const before = saved?.seconds ?? 0;
  const start = performance.now();
  const seconds = () => before + (performance.now() - start) / 1000;
  yield { type: "stage", stage, state: saved ? "resumes" : "begins" };

  let state = saved ? restore(saved) : plan.start();
  const examined = plan.examAt ?? ((at: number) => at % exam!.every === 0);
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
  while (step < steps) {
    const batch = await plan.batch(step, state);
    const result = await plan.run(batch, state, step);
    const loss = scalarOf(result.metrics.loss!);
    const norm = result.metrics.gradNorm ? scalarOf(result.metrics.gradNorm) : 0;
    if (!Number.isFinite(loss) || !Number.isFinite(norm)) diverged(stage, step, loss);
    state = result.state;
    // The first step compiles: what comes after it tells the pace.
    if (step === begun.step) begun.at = performance.now();
    step++;
    log.window[0] += loss;
    log.window[1]++;
    const examplesSeen = step * batchSize;
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
        examplesPerSecond: batchSize / pace,
        secondsLeft: pace * (steps - step),
      };
    }
    if (exam && (examined(step) || step === steps)) {
      const metrics = await exam.run(state, step);
      log.exams.push({ examples: examplesSeen, metrics });
      yield { type: "exam", stage, step, on: "validation", metrics };
    }
    if (checkpoints && step < steps && (now - kept >= 1000 * checkpointSeconds || signal?.aborted)) yield await save();
    if (signal?.aborted && step < steps) {
      fail(
        "E_STOPPED",
        `Stopped at step ${step} of ${steps} of ${stage}.`,
        checkpoints ? "Its checkpoint is kept." : undefined,
      );
    }
  }
  if (!allFinite(state.params.data as Float32Array)) diverged(stage, step, Number.NaN);
  yield { type: "stage", stage, state: "ends" };
  return { state, log, seconds: seconds() };
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
