/**
 * The training of a group: batches, iterations, exams, checkpoints. Like every lesson it is a function of its key: a
 * killed one goes on from its checkpoint with the same bits, since a batch and the draws of an iteration are functions
 * of (key, step), and the checkpoint holds the vectors of all networks, the roles and the counts so far.
 */
import { type Batch, type BatchOptions, batches } from "../../data/batches.ts";
import { type ArrayDataset, countOf } from "../../data/dataset.ts";
import { fail } from "../../errors.ts";
import type { Checkpoints } from "../../teaching/checkpoint.ts";
import type { LessonEvent } from "../../teaching/events.ts";
import type { NetworkState } from "../../teaching/network.ts";
import type { LessonLog } from "../../teaching/steps.ts";
import { type Key, random } from "../../tensor/index.ts";
import { type Cast, collaborativeLearning, mutualLearning, roleChange, type Switches, type Told } from "./iteration.ts";

export type GroupMethod =
  | ({ readonly kind: "orc" } & Switches)
  | { readonly kind: "dml" | "kdcl"; readonly beta: number };

export interface GroupPlan {
  readonly stage: string;
  /** Released at the end. */
  readonly cast: Cast;
  readonly method: GroupMethod;
  readonly data: ArrayDataset;
  readonly steps: number;
  readonly batch: Omit<BatchOptions, "key">;
  readonly key: Key;
  /** Validation; must not change any state. */
  readonly exam?: { readonly every: number; run(cast: Cast): Promise<Readonly<Record<string, number>>> };
  /** Labels of all training examples that one student learns from instead of the true ones, by student. */
  readonly labels?: readonly (Int32Array | undefined)[];
  /** Roles to repeat, `[steps, k]`, instead of ranking. */
  readonly replay?: ArrayLike<number>;
  readonly checkpoints?: Checkpoints;
  /** Seconds between two of them. */
  readonly checkpointSeconds?: number;
  readonly signal?: AbortSignal;
}

export interface Group {
  readonly students: readonly NetworkState[];
  /** The pivot as it is now; absent when it is frozen. */
  readonly pivot?: NetworkState;
  /** `[steps, k]`: who was promoted. Empty for methods without roles. */
  readonly roles: Float32Array;
  /** How often each training example was fed back to the pivot. */
  readonly feedback: Float32Array;
  /** Curves of the first student, the target. */
  readonly log: LessonLog;
  readonly seconds: number;
}

/** Points of the loss curve. */
const POINTS = 100;
const NEWS_MS = 200;

/** @throws E_DIVERGED, E_STOPPED (a checkpoint is written), E_DATA_BATCH */
export async function* teachGroup(plan: GroupPlan): AsyncGenerator<LessonEvent, Group> {
  const { stage, cast, method, data, steps, key, exam, checkpoints, checkpointSeconds = 5, signal } = plan;
  const source = batches(data, { ...plan.batch, key: random.fold(key, "batches") });
  const saved = await checkpoints?.load();
  if (saved) restoreCast(cast, saved.arrays);
  const log: LessonLog = (saved?.log as LessonLog | undefined) ?? { loss: [], exams: [], window: [0, 0] };
  const k = method.kind === "orc" ? method.promoted : 0;
  const roles = saved?.arrays.roles ?? new Float32Array(steps * k);
  const feedback = saved?.arrays.feedback ?? new Float32Array(countOf(data));
  let step = saved?.step ?? 0;
  const begun = { step, at: performance.now() };
  const seconds = () => (saved?.seconds ?? 0) + (performance.now() - start) / 1000;
  const start = performance.now();
  const window = Math.max(1, Math.ceil(steps / POINTS));
  let [news, kept] = [Number.NEGATIVE_INFINITY, start];
  yield { type: "stage", stage, state: saved ? "resumes" : "begins" };
  try {
    while (step < steps) {
      const batch = source.batchAt(step);
      const replayed =
        k > 0 && plan.replay ? Array.from({ length: k }, (_, j) => plan.replay![step * k + j]!) : undefined;
      const told = await iterate(plan, batch, step, replayed);
      const bad = [...told.losses, told.pivotLoss ?? 0].findIndex((loss) => !Number.isFinite(loss));
      if (bad >= 0) {
        const who = cast.students[bad]?.name ?? "the pivot teacher";
        fail(
          "E_DIVERGED",
          `${stage}: ${who} diverged at step ${step + 1}.`,
          "Use a smaller rate, or a smaller pivotRate.",
        );
      }
      roles.set(told.promoted, step * k);
      for (const at of told.handed ?? []) feedback[batch.ids[at]!]!++;
      if (step === begun.step) begun.at = performance.now();
      step++;
      const examples = step * plan.batch.batchSize;
      log.window[0] += told.losses[0]!;
      log.window[1]++;
      if (step % window === 0 || step === steps) {
        log.loss.push([examples, log.window[0] / log.window[1]]);
        log.window.splice(0, 2, 0, 0);
      }
      const now = performance.now();
      if ((now - news >= NEWS_MS && step >= begun.step + 2) || step === steps) {
        news = now;
        yield progress(plan, told, step, (now - begun.at) / 1000 / Math.max(1, step - begun.step - 1));
      }
      if (exam && (step % exam.every === 0 || step === steps)) {
        const metrics = await exam.run(cast);
        log.exams.push({ examples, metrics });
        yield { type: "exam", stage, step, on: "validation", metrics };
      }
      if (checkpoints && step < steps && (now - kept >= 1000 * checkpointSeconds || signal?.aborted)) {
        await checkpoints.save({ step, arrays: { ...arraysOfCast(cast), roles, feedback }, log, seconds: seconds() });
        kept = performance.now();
        yield { type: "checkpoint", stage, step };
      }
      if (signal?.aborted && step < steps) {
        fail("E_STOPPED", `Stopped at step ${step} of ${steps} of ${stage}.`, checkpoints && "Its checkpoint is kept.");
      }
    }
    const copy = ({ params, buffers }: NetworkState) => ({ params: params.slice(), buffers: buffers.slice() });
    const pivot = cast.pivot.state();
    const students = cast.students.map((student) => copy(student.state()));
    yield { type: "stage", stage, state: "ends" };
    return { students, ...(pivot && { pivot: copy(pivot) }), roles, feedback, log, seconds: seconds() };
  } finally {
    for (const student of cast.students) await student.release();
    await cast.pivot.release();
  }
}

function iterate(plan: GroupPlan, batch: Batch, step: number, replayed: number[] | undefined): Promise<Told> {
  const { cast, method } = plan;
  const labels = plan.labels?.map((all) => all && Int32Array.from(batch.ids, (id) => all[id]!));
  const turn = { batch, step, key: random.fold(random.fold(plan.key, "iteration"), step), ...(labels && { labels }) };
  if (method.kind === "orc") return roleChange(cast, turn, method, replayed);
  return (method.kind === "dml" ? mutualLearning : collaborativeLearning)(cast, turn, method.beta);
}

function progress({ stage, steps, batch, cast }: GroupPlan, told: Told, step: number, pace: number): LessonEvent {
  const others = cast.students.map(({ name }, i) => [name, told.losses[i]!] as const).slice(1);
  return {
    type: "progress",
    stage,
    step,
    of: steps,
    loss: told.losses[0]!,
    parts: { ...Object.fromEntries(others), ...(told.pivotLoss !== undefined && { pivot: told.pivotLoss }) },
    examplesPerSecond: batch.batchSize / Math.max(1e-9, pace),
    secondsLeft: pace * (steps - step),
  };
}

/** All vectors of a group by "student0/params", "pivot/slot0", ... */
function arraysOfCast({ students, pivot }: Cast): Record<string, Float32Array> {
  const all = [...students.map((s, i) => [`student${i}`, s.arrays()] as const), ["pivot", pivot.arrays()] as const];
  return Object.fromEntries(
    all.flatMap(([who, arrays]) => Object.entries(arrays).map(([name, values]) => [`${who}/${name}`, values])),
  );
}

function restoreCast({ students, pivot }: Cast, arrays: Readonly<Record<string, Float32Array>>): void {
  const of = (who: string) =>
    Object.fromEntries(
      Object.entries(arrays).flatMap(([name, values]) =>
        name.startsWith(`${who}/`) ? [[name.slice(who.length + 1), values]] : [],
      ),
    );
  students.forEach((student, i) => {
    student.restore(of(`student${i}`));
  });
  pivot.restore(of("pivot"));
}
