/**
 * Step 0 of an iteration: every student's marks on the mini-batch, and who is promoted for it.
 *
 * Marks are taken before anybody is updated and are forgotten afterwards: the method is per iteration. Students are
 * ranked by cross-entropy and not by accuracy, because among 64 examples accuracies are often equal.
 */
import { fail } from "../../errors.ts";
import { type Key, random } from "../../tensor/index.ts";

/** What one student knows about a mini-batch. */
export interface Marks {
  /** -ln p(label) per example, nats. */
  readonly losses: Float64Array;
  /** 1 where the most probable class is not the label. */
  readonly wrong: Uint8Array;
  readonly meanLoss: number;
  readonly accuracy: number;
}

/** Marks from logits `[B, C]` and labels `[B]`, in f64. */
export function mark(logits: ArrayLike<number>, labels: ArrayLike<number>): Marks {
  const count = labels.length;
  const classes = logits.length / count;
  const losses = new Float64Array(count);
  const wrong = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const at = i * classes;
    let best = 0;
    for (let c = 1; c < classes; c++) if (logits[at + c]! > logits[at + best]!) best = c;
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += Math.exp(logits[at + c]! - logits[at + best]!);
    losses[i] = logits[at + best]! + Math.log(sum) - logits[at + labels[i]!]!;
    wrong[i] = best === labels[i] ? 0 : 1;
  }
  const meanLoss = losses.reduce((a, b) => a + b, 0) / count;
  const accuracy = 1 - wrong.reduce((a, b) => a + b, 0) / count;
  return { losses, wrong, meanLoss, accuracy };
}

/** Students from best to worst: lowest mean loss, then higher accuracy, then smaller index. */
export function rank(marks: readonly Pick<Marks, "meanLoss" | "accuracy">[]): number[] {
  return marks
    .map((_, i) => i)
    .sort((a, b) => marks[a]!.meanLoss - marks[b]!.meanLoss || marks[b]!.accuracy - marks[a]!.accuracy || a - b);
}

/**
 * How roles are given. `loss`: the method. `classes`: best on most of the classes of the batch, then by loss.
 * `fixed`: always the largest students, as without role change. `random`: anybody.
 */
export const ROLE_RULES = ["loss", "classes", "fixed", "random"] as const;
export type RoleRule = (typeof ROLE_RULES)[number];

export interface Candidates {
  readonly marks: readonly Marks[];
  readonly labels: ArrayLike<number>;
  /** Operations or parameters of each student: what "largest" means. */
  readonly sizes: readonly number[];
  /** Of this iteration. */
  readonly key: Key;
}

/** The `count` temporary teachers of an iteration, best first. @throws E_OPTION */
export function promote(rule: RoleRule, count: number, candidates: Candidates): number[] {
  const { marks, labels, sizes, key } = candidates;
  if (!Number.isInteger(count) || count < 1 || count > marks.length) {
    fail("E_OPTION", `${count} of ${marks.length} students shall be promoted.`, "Promote at least one of them.");
  }
  const all = marks.map((_, i) => i);
  const order = {
    loss: () => rank(marks),
    classes: () => byClasses(marks, labels),
    fixed: () => all.sort((a, b) => sizes[b]! - sizes[a]! || a - b),
    random: () => [...random.permutation(random.fold(key, "roles"), marks.length)],
  }[rule]();
  return order.slice(0, count);
}

/** By the number of classes on whose examples a student has the lowest loss of all. */
function byClasses(marks: readonly Marks[], labels: ArrayLike<number>): number[] {
  const won = marks.map(() => 0);
  for (const label of new Set(Array.from(labels))) {
    const losses = marks.map(({ losses }) =>
      losses.reduce((sum, loss, i) => (labels[i] === label ? sum + loss : sum), 0),
    );
    won[losses.indexOf(Math.min(...losses))]!++;
  }
  const place = rank(marks);
  return place.slice().sort((a, b) => won[b]! - won[a]! || place.indexOf(a) - place.indexOf(b));
}
