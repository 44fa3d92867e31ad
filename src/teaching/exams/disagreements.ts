/**
 * The examples on which student and teacher differ, most telling first: both sure of different classes. For people to
 * look at; a table of shares does not show that two shirts look alike.
 */
import { type Answers, checkLabels, predictions, probability } from "./answers.ts";

export interface Disagreement {
  readonly example: number;
  readonly label: number;
  readonly teacher: { readonly label: number; readonly confidence: number };
  readonly student: { readonly label: number; readonly confidence: number };
}

/** At most `limit`, by falling product of the two confidences (ties: lower example first). */
export function disagreements(
  student: Answers,
  teacher: Answers,
  labels: ArrayLike<number>,
  limit: number,
): Disagreement[] {
  checkLabels(student, labels);
  checkLabels(teacher, labels);
  const [s, t] = [predictions(student), predictions(teacher)];
  const found: Disagreement[] = [];
  s.forEach((label, example) => {
    if (label === t[example]) return;
    const side = (answers: Answers, of: number) => ({ label: of, confidence: probability(answers, example, of) });
    found.push({
      example,
      label: labels[example]!,
      teacher: side(teacher, t[example]!),
      student: side(student, label),
    });
  });
  const weight = (d: Disagreement) => d.teacher.confidence * d.student.confidence;
  return found.sort((a, b) => weight(b) - weight(a) || a.example - b.example).slice(0, limit);
}
