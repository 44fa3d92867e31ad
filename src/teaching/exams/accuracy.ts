/** Accuracy: the share of examples whose most probable class is the labelled one. */
import { type Answers, checkLabels, predictions } from "./answers.ts";

/** 1 where the answer is right, 0 where it is wrong; per example. */
export function correctness(answers: Answers, labels: ArrayLike<number>): Uint8Array {
  checkLabels(answers, labels);
  return Uint8Array.from(predictions(answers), (p, i) => (p === labels[i] ? 1 : 0));
}

/** A share from 0 to 1. */
export function accuracy(answers: Answers, labels: ArrayLike<number>): number {
  const right = correctness(answers, labels);
  return right.reduce((sum, r) => sum + r, 0) / right.length;
}
