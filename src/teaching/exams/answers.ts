/**
 * What a classifier answered on a set of examples: the input of every exam. Exams are plain arithmetic on these
 * numbers in f64, so they say the same in Node and in a browser.
 */
import { fail } from "../../errors.ts";

export interface Answers {
  /** `[count, classes]`, row-major. */
  readonly logits: Float32Array;
  readonly classes: number;
}

/** Number of examples answered. */
export const answered = ({ logits, classes }: Answers): number => logits.length / classes;

/** Index of the largest logit of each example; the first one at a tie. @throws E_EXAM_NAN */
export function predictions({ logits, classes }: Answers): Int32Array {
  const out = new Int32Array(logits.length / classes);
  for (let i = 0; i < out.length; i++) {
    let best = 0;
    for (let c = 0; c < classes; c++) {
      const z = logits[i * classes + c]!;
      if (!Number.isFinite(z)) {
        fail("E_EXAM_NAN", `The model answers example ${i} with ${z}.`, "Its training diverged: use a smaller rate.");
      }
      if (z > logits[i * classes + best]!) best = c;
    }
    out[i] = best;
  }
  return out;
}

/** log Σ exp of one example's logits. */
export function logSumExpOf({ logits, classes }: Answers, example: number): number {
  const from = example * classes;
  let top = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < classes; c++) top = Math.max(top, logits[from + c]!);
  let sum = 0;
  for (let c = 0; c < classes; c++) sum += Math.exp(logits[from + c]! - top);
  return top + Math.log(sum);
}

/** Probability of one class for one example. */
export function probability(answers: Answers, example: number, label: number): number {
  return Math.exp(answers.logits[example * answers.classes + label]! - logSumExpOf(answers, example));
}

/** @throws E_EXAM_SIZE unless there is one label per example */
export function checkLabels(answers: Answers, labels: ArrayLike<number>): void {
  if (answered(answers) !== labels.length) {
    fail("E_EXAM_SIZE", `${answered(answers)} answers were marked against ${labels.length} labels.`);
  }
}
