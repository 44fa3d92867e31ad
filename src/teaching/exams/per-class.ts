/** What happens class by class: the confusion matrix and, from it, accuracy within each class. */
import { type Answers, checkLabels, predictions } from "./answers.ts";

/** `matrix[label][prediction]`: number of examples. */
export function confusion(answers: Answers, labels: ArrayLike<number>): number[][] {
  checkLabels(answers, labels);
  const matrix = Array.from({ length: answers.classes }, () => new Array<number>(answers.classes).fill(0));
  predictions(answers).forEach((p, i) => {
    matrix[labels[i]!]![p]!++;
  });
  return matrix;
}

/** Accuracy within each class (0 for a class without examples) and its number of examples. */
export function perClass(matrix: readonly (readonly number[])[]): { accuracy: number; support: number }[] {
  return matrix.map((row, label) => {
    const support = row.reduce((sum, n) => sum + n, 0);
    return { accuracy: support ? row[label]! / support : 0, support };
  });
}
