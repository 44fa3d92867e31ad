/**
 * One lesson: a student learns from labels, a teacher, or both, for a given number of steps.
 *
 * Teacher, student, loss, gradient, clipping and optimiser are one compiled program; this file only feeds it (`steps.ts`
 * takes the steps). Everything random is a function of (key, step), so a checkpoint is the state vectors and a number.
 * Runs in Node and in browsers: whatever touches a disk or a thread comes in from outside.
 */
import { type Batch, batches } from "../data/batches.ts";
import { initState, keyTensor, type TrainState, trainProgram } from "../nn/train-step.ts";
import { currentBackend, host, random } from "../tensor/index.ts";
import { type LessonPlan, prepareLesson } from "./plan.ts";
import { type LessonLog, type StepsEvent, takeSteps } from "./steps.ts";

export interface Taught {
  readonly type: "taught";
  readonly stage: string;
  readonly params: Float32Array;
  readonly buffers: Float32Array;
  readonly log: LessonLog;
  readonly seconds: number;
}

export type TeachEvent = StepsEvent | Taught;

/**
 * Teaches. The last event is "taught", with the student's parameters (adapters left out).
 * @throws E_DIVERGED (the last good checkpoint stays), E_STOPPED after `signal` (a checkpoint is written)
 */
export async function* teach(plan: LessonPlan): AsyncGenerator<TeachEvent, void> {
  // Native ONNX Runtime reads fed arrays in place; WebAssembly copies them into its own memory at every step.
  const inPlace = (await currentBackend()).name === "onnxruntime-node";
  const lesson = prepareLesson(plan, inPlace && (plan.augment ?? []).length === 0);
  const { stage, steps, batchSize, exam } = plan;
  const program = trainProgram(lesson.step);
  const scalars = scalarsOf(plan, lesson);
  let source: Iterator<Batch> | AsyncIterator<Batch> | undefined;
  try {
    const { state, log, seconds } = yield* takeSteps<Batch>({
      stage,
      steps,
      batchSize,
      start: () => startState(plan, lesson),
      batch: async (step) => {
        source ??= openBatches(plan, lesson, step);
        return (await source.next()).value as Batch;
      },
      run: (batch, before, step) => program(before, lesson.feed(batch), scalars(step)),
      ...(exam && { exam: { every: exam.every, run: (now: TrainState) => exam.run(lesson.own(now)) } }),
      ...(plan.checkpoints && { checkpoints: plan.checkpoints }),
      ...(plan.checkpointSeconds !== undefined && { checkpointSeconds: plan.checkpointSeconds }),
      ...(plan.signal && { signal: plan.signal }),
    });
    const { params, buffers } = lesson.own(state);
    yield { type: "taught", stage, params: params.slice(), buffers: buffers.slice(), log, seconds };
  } finally {
    await source?.return?.();
    await program.release();
  }
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

function scalarsOf({ steps, key }: LessonPlan, { optimiser }: Lesson) {
  const stepKey = random.fold(key, "step");
  return (step: number) => ({
    lr: optimiser.lr(step + 1),
    step: step + 1,
    key: keyTensor(random.fold(stepKey, step)),
    progress: step / steps,
  });
}
