/** What the metrics of the report mean here: they are per token of a text, not per example of a set. */
import type { MetricDefinition } from "../../teaching/report/schema.ts";

export const definitions: Readonly<Record<string, MetricDefinition>> = {
  crossEntropy: {
    label: "Loss on unseen text",
    unit: "nats",
    better: "lower",
    text: "Mean of −ln(probability given to the next token) on the last tenth of the text, the same rows for every arm.",
  },
  klToTeacher: {
    label: "Divergence from teacher",
    unit: "nats",
    better: "lower",
    text: "Mean Kullback-Leibler divergence Σ p·ln(p/q) per token of the student's next-token probabilities q from the teacher's p, on the same rows.",
  },
  agreement: {
    label: "Agreement",
    unit: "share",
    better: "higher",
    text: "Share of tokens on which student and teacher name the same next token, right or wrong.",
  },
};
