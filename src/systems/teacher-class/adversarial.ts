/**
 * Phase 1, adversarial: the student is a generator of chunks, and each has a critic of its own (adversarial-step.ts).
 * Both players' updates are one compiled program; this file feeds it, tells what happens and keeps checkpoints.
 */
import { batches } from "../../data/batches.ts";
import { countOf } from "../../data/dataset.ts";
import { sha256 } from "../../data/hash.ts";
import { fail } from "../../errors.ts";
import { adam, initState, keyTensor, type SymbolicState, type TrainState } from "../../nn/index.ts";
import { fileCheckpoints } from "../../teaching/checkpoint.ts";
import type { LessonEvent } from "../../teaching/events.ts";
import { normalised, unitInput } from "../../teaching/input.ts";
import type { LessonLog } from "../../teaching/steps.ts";
import { gatherRows } from "../../teaching/targets.ts";
import { type HostTensor, host, key, program, random, scalarOf, type Tensor } from "../../tensor/index.ts";
import type { Trained } from "../kit/learn.ts";
import { stepsOf } from "../kit/learn.ts";
import { adversarialStep, type Pair } from "./adversarial-step.ts";
import { CRITICS, type CriticName, criticModel } from "./critic.ts";
import { type ChunkLesson, type LessonBench, unlabelled } from "./regression.ts";

/** Rate of both Adams relative to the recipe's: 2e-4 against 2e-3. */
const SLOWER = 0.1;
const NEWS_MS = 200;
const POINTS = 100;

/** Trains one student against a critic of its own, or goes on with it. @throws E_DIVERGED, E_STOPPED */
export async function* learnChunkAdversarially(
  { folder, checkpointSeconds = 5, signal }: LessonBench,
  lesson: ChunkLesson & { readonly critic: CriticName },
): AsyncGenerator<LessonEvent, Trained> {
  const { stage, network, target, width, recipe, seed } = lesson;
  const { model, normalise } = network;
  const inputs = unlabelled(lesson.inputs);
  const batchSize = Math.min(recipe.batchSize, countOf(inputs));
  const steps = stepsOf({ ...recipe, batchSize }, inputs);
  const critic = criticModel(lesson.critic, width);
  const optimiser = adam({ lr: recipe.rate * SLOWER });
  const config = await sha256(
    JSON.stringify([stage, lesson.critic, model.name, model.params.size, recipe, steps, seed]),
  );
  const checkpoints = fileCheckpoints(`${folder}/${stage.replaceAll(/[^a-z0-9.]+/gi, "-")}`, config);
  const saved = await checkpoints.load();
  const start = performance.now();
  const seconds = () => (saved?.seconds ?? 0) + (performance.now() - start) / 1000;
  const log = (saved?.log as LessonLog | undefined) ?? { loss: [], exams: [], window: [0, 0] };
  let step = saved?.step ?? 0;
  let state: Pair<TrainState> = saved
    ? { student: restored(saved.arrays, "student"), critic: restored(saved.arrays, "critic") }
    : {
        student: initState(model, optimiser, random.fold(key(seed), "student")),
        critic: initState(critic, optimiser, random.fold(key(seed), "critic")),
      };
  yield { type: "stage", stage, state: step === steps ? "was finished" : saved ? "resumes" : "begins" };
  const play = adversarialStep(model, critic, optimiser, CRITICS[lesson.critic].studentSteps);
  const run = program(
    (s: Pair<SymbolicState>, b: { x: Tensor; z: Tensor }, c: { lr: Tensor; step: Tensor; key: Tensor }) =>
      play(s, { ...b, x: normalised(unitInput(b.x), normalise) }, c),
    { reuse: true, name: `adversarial ${model.name}` },
  );
  const save = () =>
    checkpoints.save({
      step,
      arrays: { ...arraysOf(state.student, "student"), ...arraysOf(state.critic, "critic") },
      log,
      seconds: seconds(),
    });
  const stored = new Map([["z", { shape: [width], data: target }]]);
  const source = batches(inputs, { key: random.fold(key(seed), "batches"), batchSize }).from(step);
  const window = Math.max(1, Math.ceil(steps / POINTS));
  let [news, kept] = [Number.NEGATIVE_INFINITY, performance.now()];
  const begun = { step, at: performance.now() };
  try {
    while (step < steps) {
      const batch = source.next().value;
      const fed = { x: host(batch.x, [batchSize, ...inputs.inputShape]), z: gatherRows(stored, batch.ids).z! };
      const result = await run(state as never, fed, {
        lr: optimiser.lr(step + 1),
        step: step + 1,
        key: keyTensor(random.fold(random.fold(key(seed), "step"), step)),
      });
      const [loss, criticLoss] = [scalarOf(result.loss), scalarOf(result.criticLoss)];
      if (!Number.isFinite(loss) || !Number.isFinite(criticLoss)) {
        fail(
          "E_DIVERGED",
          `${stage} diverged at step ${step + 1}: its loss is ${loss}.`,
          "Use a smaller learning rate.",
        );
      }
      state = result.state as Pair<TrainState>;
      step++;
      log.window[0] += loss;
      log.window[1]++;
      if (step % window === 0 || step === steps) {
        log.loss.push([step * batchSize, log.window[0] / log.window[1]]);
        log.window.splice(0, 2, 0, 0);
      }
      const now = performance.now();
      if (now - news >= NEWS_MS || step === steps) {
        news = now;
        const pace = Math.max(1e-9, (now - begun.at) / 1000 / (step - begun.step));
        const parts = { student: loss, critic: criticLoss };
        const pacing = { examplesPerSecond: batchSize / pace, secondsLeft: pace * (steps - step) };
        yield { type: "progress", stage, step, of: steps, loss, parts, ...pacing };
      }
      if (step === steps || now - kept >= 1000 * checkpointSeconds || signal?.aborted) {
        await save();
        kept = performance.now();
        yield { type: "checkpoint", stage, step };
      }
      if (signal?.aborted && step < steps)
        fail("E_STOPPED", `Stopped at step ${step} of ${steps} of ${stage}.`, "Its checkpoint is kept.");
    }
  } finally {
    await run.release();
  }
  yield { type: "stage", stage, state: "ends" };
  const { params, buffers } = state.student;
  const copy = (t: HostTensor) => (t.data as Float32Array).slice();
  return { params: copy(params), buffers: copy(buffers), log, seconds: seconds() };
}

function arraysOf({ params, buffers, slots }: TrainState, name: string): Record<string, Float32Array> {
  const all = { params, buffers, slot0: slots[0]!, slot1: slots[1]! };
  return Object.fromEntries(Object.entries(all).map(([field, t]) => [`${name}.${field}`, t.data as Float32Array]));
}

function restored(arrays: Readonly<Record<string, Float32Array>>, name: string): TrainState {
  const of = (field: string) => host(arrays[`${name}.${field}`]!);
  return { params: of("params"), buffers: of("buffers"), slots: [of("slot0"), of("slot1")] };
}
