/** Cross-entropy: the mean of -ln(probability of the labelled class), in nats. Finite for any finite logits. */
import { type Answers, checkLabels, logSumExpOf } from "./answers.ts";

export function meanCrossEntropy(answers: Answers, labels: ArrayLike<number>): number {
  checkLabels(answers, labels);
  let total = 0;
  for (let i = 0; i < labels.length; i++) {
    total += logSumExpOf(answers, i) - answers.logits[i * answers.classes + labels[i]!]!;
  }
  return total / labels.length;
}
