/**
 * One iteration of online role change, and of the group methods it is compared with, on one mini-batch.
 *
 *     0 evaluate and rank   every student, no update        -> temporary teachers
 *     1 feedback            what the students find hard     -> x_F, y_F
 *     2 intensive teaching  updates the pivot only
 *     3 private teaching    updates the temporary teachers only, from labels and the corrected pivot
 *     4 group teaching      updates all other students, from labels, pivot and corrected temporary teachers
 *     5 all are students again: nothing of a role is kept
 *
 * Each phase is a function of its own, so that a test can see what it changes.
 */
import type { Batch } from "../../data/batches.ts";
import type { Key } from "../../tensor/index.ts";
import { feedback } from "./feedback.ts";
import { type Intensive, shareOfBatch } from "./intensive.ts";
import type { Member } from "./member.ts";
import type { Pivot } from "./pivot.ts";
import { type Marks, mark, promote, type RoleRule } from "./ranking.ts";

/** Everything that can be switched. */
export interface Switches {
  readonly roles: RoleRule;
  /** Temporary teachers per iteration: k. */
  readonly promoted: number;
  /** Whether teachers teach one by one (their terms are added) or as one, by their mean logits. */
  readonly group: "individual" | "ensemble";
  readonly intensive: Intensive;
  /** Without it the temporary teachers learn from the labels alone. */
  readonly privateTeaching: boolean;
  /** Weight of each teacher's term; the labels weigh 1 - β. */
  readonly beta: number;
  /** α of Beta(α, α). */
  readonly mixupAlpha: number;
}

export interface Cast {
  readonly students: readonly Member[];
  readonly pivot: Pivot;
}

export interface Turn {
  readonly batch: Batch;
  /** From 0. */
  readonly step: number;
  /** Of this iteration. */
  readonly key: Key;
  /** Labels that one student learns from instead of the batch's, by student; ranking always uses the batch's. */
  readonly labels?: readonly (Int32Array | undefined)[];
}

export interface Told {
  /** Loss of each student's update. */
  readonly losses: readonly number[];
  readonly promoted: readonly number[];
  /** Positions in the batch that were fed back; absent without intensive teaching. */
  readonly handed?: Int32Array;
  readonly pivotLoss?: number;
}

/** Phase 0. */
export async function evaluate({ students }: Cast, { batch, step }: Turn): Promise<Marks[]> {
  const marks: Marks[] = [];
  for (const student of students) marks.push(mark(await student.answer(batch, step), batch.y));
  return marks;
}

/** Phases 1 and 2. Nothing happens when it is off or the pivot is frozen. */
export async function intensiveTeaching(
  { pivot }: Pick<Cast, "pivot">,
  { batch, step, key }: Turn,
  marks: readonly Marks[],
  { intensive, mixupAlpha }: Pick<Switches, "intensive" | "mixupAlpha">,
): Promise<Pick<Told, "handed" | "pivotLoss">> {
  if (intensive === "off" || !pivot.study) return {};
  const handed = feedback(marks, key);
  const lambda = shareOfBatch(intensive, mixupAlpha, key);
  return { handed, pivotLoss: await pivot.study({ batch, step, handed, lambda }) };
}

/** Phase 3. Returns the losses by student. */
export async function privateTeaching(
  { students }: Pick<Cast, "students">,
  turn: Turn,
  pivotSays: Float32Array,
  promoted: readonly number[],
  { beta, privateTeaching: on }: Pick<Switches, "beta" | "privateTeaching">,
): Promise<Map<number, number>> {
  const weights = on ? [1 - beta, beta] : [1, 0];
  const losses = new Map<number, number>();
  for (const i of promoted) {
    losses.set(i, await students[i]!.learn({ ...lessonFor(i, turn), said: [pivotSays], weights }));
  }
  return losses;
}

/** Phase 4. The temporary teachers answer anew: private teaching has changed them. */
export async function groupTeaching(
  { students }: Pick<Cast, "students">,
  turn: Turn,
  pivotSays: Float32Array,
  promoted: readonly number[],
  { beta, group }: Pick<Switches, "beta" | "group">,
): Promise<Map<number, number>> {
  const losses = new Map<number, number>();
  if (promoted.length === students.length) return losses;
  const teachers = [pivotSays];
  for (const i of promoted) teachers.push(await students[i]!.answer(turn.batch, turn.step));
  const said = group === "ensemble" ? [meanOf(teachers)] : teachers;
  const weights = [1 - beta, ...said.map(() => beta)];
  for (const [i, student] of students.entries()) {
    if (!promoted.includes(i)) losses.set(i, await student.learn({ ...lessonFor(i, turn), said, weights }));
  }
  return losses;
}

/** A whole iteration. `replayed` roles take the place of the ranking. */
export async function roleChange(
  cast: Cast,
  turn: Turn,
  switches: Switches,
  replayed?: readonly number[],
): Promise<Told> {
  const { students, pivot } = cast;
  const marks = await evaluate(cast, turn);
  const candidates = { marks, labels: turn.batch.y, sizes: students.map(({ size }) => size), key: turn.key };
  const promoted = replayed ?? promote(switches.roles, switches.promoted, candidates);
  const studied = await intensiveTeaching(cast, turn, marks, switches);
  const pivotSays = await pivot.say(turn.batch);
  const privately = await privateTeaching(cast, turn, pivotSays, promoted, switches);
  const together = await groupTeaching(cast, turn, pivotSays, promoted, switches);
  return { losses: students.map((_, i) => privately.get(i) ?? together.get(i)!), promoted, ...studied };
}

/**
 * Deep mutual learning (Zhang et al., CVPR 2018) with the pivot as one more teacher: every student learns from all
 * others at once, L = (1-β)·H + β·(L_KD(pivot) + mean over the peers of L_KD(peer)). The peers' mean weighs what the
 * temporary teacher weighs in group teaching, so that the two methods differ in who teaches and in nothing else.
 */
export async function mutualLearning({ students, pivot }: Cast, turn: Turn, beta: number): Promise<Told> {
  const answers: Float32Array[] = [];
  for (const student of students) answers.push(await student.answer(turn.batch, turn.step));
  const pivotSays = await pivot.say(turn.batch);
  const losses: number[] = [];
  for (const [i, student] of students.entries()) {
    const peers = answers.filter((_, j) => j !== i);
    const weights = [1 - beta, beta, ...peers.map(() => beta / peers.length)];
    losses.push(await student.learn({ ...lessonFor(i, turn), said: [pivotSays, ...peers], weights }));
  }
  return { losses, promoted: [] };
}

/** KDCL (Guo et al., CVPR 2020), its plain form: all learn from the mean logits of the students and the pivot. */
export async function collaborativeLearning({ students, pivot }: Cast, turn: Turn, beta: number): Promise<Told> {
  const teachers = [await pivot.say(turn.batch)];
  for (const student of students) teachers.push(await student.answer(turn.batch, turn.step));
  const said = [meanOf(teachers)];
  const losses: number[] = [];
  for (const [i, student] of students.entries()) {
    losses.push(await student.learn({ ...lessonFor(i, turn), said, weights: [1 - beta, beta] }));
  }
  return { losses, promoted: [] };
}

function lessonFor(student: number, { batch, step, labels }: Turn) {
  const own = labels?.[student];
  return { batch, step, ...(own && { labels: own }) };
}

function meanOf(all: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(all[0]!.length);
  for (const values of all) for (let i = 0; i < out.length; i++) out[i]! += values[i]! / all.length;
  return out;
}
