/**
 * Step 1 of an iteration: which examples of the mini-batch the students hand back to the pivot teacher.
 *
 * "A softmax decides the proportion": the worse a student, the more of the examples are its own. A softmax of negative
 * losses would hand back what the best student finds hard. Which examples a student hands back is our choice: wrong
 * ones first, then by their loss; students that make no mistake hand back what was hardest. All students take part,
 * the promoted ones too: a low loss gives them a small share.
 */
import { type Key, random } from "../../tensor/index.ts";
import type { Marks } from "./ranking.ts";

/** softmax(mean losses): each student's share, adding up to 1. */
export function proportions(meanLosses: readonly number[]): number[] {
  const top = Math.max(...meanLosses);
  const weights = meanLosses.map((loss) => Math.exp(loss - top));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

/** Positions in the batch that one student finds hardest, hardest first. */
export function hardest({ losses, wrong }: Pick<Marks, "losses" | "wrong">, count: number): number[] {
  return Array.from(losses.keys())
    .sort((a, b) => wrong[b]! - wrong[a]! || losses[b]! - losses[a]! || a - b)
    .slice(0, count);
}

/** What each student hands back: round(share · B) positions. */
export function handedBack(marks: readonly Marks[]): number[][] {
  const batch = marks[0]!.losses.length;
  const shares = proportions(marks.map(({ meanLoss }) => meanLoss));
  return marks.map((m, i) => hardest(m, Math.round(shares[i]! * batch)));
}

/**
 * B positions in the batch, shuffled: the feedback set (x_F, y_F). A position may occur several times. Rounding can
 * leave one too many or too few: then the set is cut, or repeated from its start.
 */
export function feedback(marks: readonly Marks[], key: Key): Int32Array {
  const all = handedBack(marks).flat();
  const order = random.permutation(random.fold(key, "feedback"), all.length);
  return Int32Array.from({ length: marks[0]!.losses.length }, (_, i) => all[order[i % all.length]!]!);
}
