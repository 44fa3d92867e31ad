/** Agreement: the share of examples on which two models name the same class, right or wrong. */
import { type Answers, checkLabels, predictions } from "./answers.ts";

export function agreement(student: Answers, teacher: Answers): number {
  const [s, t] = [predictions(student), predictions(teacher)];
  checkLabels(student, t);
  return s.reduce((sum, p, i) => sum + (p === t[i] ? 1 : 0), 0) / s.length;
}
