/**
 * What every metric means: a number without its definition is not printed.
 *
 * A system adds its own in `report.definitions`; those win over this registry.
 */
import type { MetricDefinition } from "./schema.ts";

const define = (
  label: string,
  unit: string,
  better: MetricDefinition["better"],
  text: string,
): Readonly<MetricDefinition> => Object.freeze({ label, unit, better, text });

export const METRICS: Readonly<Record<string, Readonly<MetricDefinition>>> = Object.freeze({
  accuracy: define(
    "Accuracy",
    "share",
    "higher",
    "Share of test examples whose most probable class is the labelled one.",
  ),
  top5Accuracy: define(
    "Top-5 accuracy",
    "share",
    "higher",
    "Share of test examples whose labelled class is among the five most probable.",
  ),
  balancedAccuracy: define(
    "Balanced accuracy",
    "share",
    "higher",
    "Mean over the classes of the accuracy within each class, so that rare classes count as much as common ones.",
  ),
  macroF1: define(
    "Macro F1",
    "share",
    "higher",
    "Mean over the classes of 2·precision·recall / (precision + recall); a class that is never predicted counts 0.",
  ),
  agreement: define(
    "Agreement",
    "share",
    "higher",
    "Share of test examples on which student and teacher name the same class, right or wrong.",
  ),
  ece: define(
    "Calibration error (ECE)",
    "share",
    "lower",
    "Expected calibration error: test examples fall into 15 equally wide bins of confidence; the sum over the bins of (share of examples in the bin) × |accuracy − mean confidence| (Guo et al. 2017).",
  ),
  crossEntropy: define(
    "Cross-entropy",
    "nats",
    "lower",
    "Mean of −ln(probability given to the labelled class) over the test examples.",
  ),
  klToTeacher: define(
    "Divergence from teacher",
    "nats",
    "lower",
    "Mean Kullback-Leibler divergence Σ p·ln(p/q) of the student's class probabilities q from the teacher's p, at temperature 1.",
  ),
  brier: define(
    "Brier score",
    "",
    "lower",
    "Mean over the test examples of the squared distance between the class probabilities and the labelled class as a 0/1 vector.",
  ),
  perplexity: define("Perplexity", "", "lower", "exp of the mean cross-entropy per token, in nats."),
  wordErrorRate: define(
    "Word error rate",
    "share",
    "lower",
    "Substituted, deleted and inserted words divided by the words of the reference; it can exceed 100 %.",
  ),
  recallAt10: define(
    "Recall at 10",
    "share",
    "higher",
    "Mean over the queries of the share of relevant documents among the first ten found.",
  ),
  mrr: define(
    "Mean reciprocal rank",
    "",
    "higher",
    "Mean over the queries of 1 / rank of the first relevant document (0 when none is found).",
  ),
  return: define("Return", "", "higher", "Undiscounted sum of rewards of an episode, averaged over the test episodes."),
  parameters: define("Parameters", "", "lower", "Trainable numbers of the model, counted once when shared."),
  flops: define(
    "Operations",
    "FLOP",
    "lower",
    "Floating-point operations of one forward pass on one example; a multiplication with an addition counts two.",
  ),
  latency: define(
    "Latency",
    "ms",
    "lower",
    "Median wall time of one forward pass on one example, after warm-up, on the processor named under Environment.",
  ),
  size: define("Size", "bytes", "lower", "Bytes of the exported model file (1 MB = 1,000,000 bytes)."),
  seconds: define("Training time", "s", "lower", "Wall time spent on training, summed over the seeds."),
});

/** The definition of a metric; an unknown name gets a stand-in that says that it is undefined. */
export function definitionOf(
  name: string,
  own: Readonly<Record<string, MetricDefinition>> = {},
): Readonly<MetricDefinition> {
  if (Object.hasOwn(own, name)) return own[name]!;
  if (Object.hasOwn(METRICS, name)) return METRICS[name]!;
  return { label: name, unit: "", better: "higher", text: "The system that wrote this report gives no definition." };
}
