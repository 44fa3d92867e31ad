/** Measures of this method that no general exam takes, from answers on the test part. */
import { type Answers, predictions } from "../../teaching/exams/index.ts";
import type { MetricDefinition } from "../../teaching/report/schema.ts";

export const definitions = {
  falseKnowledge: {
    label: "False knowledge",
    unit: "share",
    better: "lower",
    text: "Share of test examples on which the teacher is wrong and the student gives the same wrong answer. The teacher is the pivot as it ended in that arm.",
  },
  onErrors: {
    label: "Pivot on students' errors",
    unit: "share",
    better: "higher",
    text: "Accuracy of the pivot teacher on those test examples that at least one student of the ORC group answers wrongly after training; one set per seed.",
  },
  onAloneErrors: {
    label: "Pivot on errors of the student alone",
    unit: "share",
    better: "higher",
    text: "The same on what a student that learned from labels alone answers wrongly: a set that neither pivot has shaped.",
  },
  promotionEntropy: {
    label: "Entropy of promotions",
    unit: "nats",
    better: "higher",
    text: "-Σ p ln p over the students' shares of the promotions in the first third of training: 0 when one student is always the temporary teacher.",
  },
  promotionShift: {
    label: "Shift of promotions to larger students",
    unit: "",
    better: "higher",
    text: "Mean rank of the promoted student by its operations (0 smallest, 1 largest) in the last third of training minus that in the first third.",
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

/** Share of examples with the teacher's wrong answer. */
export function falseKnowledge(student: Answers, teacher: Answers, labels: ArrayLike<number>): number {
  const [s, t] = [predictions(student), predictions(teacher)];
  return s.reduce((sum, p, i) => sum + (p === t[i] && p !== labels[i] ? 1 : 0), 0) / s.length;
}

/** Examples that at least one of them answers wrongly. */
export function errorsOfAny(all: readonly Answers[], labels: ArrayLike<number>): number[] {
  const said = all.map(predictions);
  return Array.from({ length: labels.length }, (_, i) => i).filter((i) => said.some((p) => p[i] !== labels[i]));
}

/** Accuracy on some examples; undefined for none. */
export function accuracyOn(
  answers: Answers,
  labels: ArrayLike<number>,
  examples: readonly number[],
): number | undefined {
  if (examples.length === 0) return undefined;
  const said = predictions(answers);
  return examples.reduce((sum, i) => sum + (said[i] === labels[i] ? 1 : 0), 0) / examples.length;
}
