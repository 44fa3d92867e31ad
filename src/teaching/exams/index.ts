/** Exams: what a student is measured by. Each is a small function of answers and labels. */
export { accuracy, correctness } from "./accuracy.ts";
export { agreement } from "./agreement.ts";
export { type Answers, answered, predictions, probability } from "./answers.ts";
export { type CalibrationBin, calibrationBins, ece } from "./calibration.ts";
export { type ExamResult, examine } from "./classification.ts";
export { meanCrossEntropy } from "./cross-entropy.ts";
export { type Disagreement, disagreements } from "./disagreements.ts";
export { median, medianLatencies } from "./latency.ts";
export { confusion, perClass } from "./per-class.ts";
