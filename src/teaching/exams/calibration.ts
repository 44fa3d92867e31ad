/**
 * Calibration: does a confidence of 80 % come true 80 % of the time? Guo et al., ICML 2017, equations 2-3.
 *
 * Bins are half-open to the left, ((m-1)/M, m/M], as in the paper: a confidence of exactly 1 belongs to the last one.
 */
import { type Answers, checkLabels, predictions, probability } from "./answers.ts";

export interface CalibrationBin {
  /** Mean confidence of the examples in the bin (its middle when it is empty). */
  readonly confidence: number;
  readonly accuracy: number;
  readonly count: number;
}

const BINS = 15;

/** 15 equally wide bins of the probability given to the predicted class. */
export function calibrationBins(answers: Answers, labels: ArrayLike<number>): CalibrationBin[] {
  checkLabels(answers, labels);
  const predicted = predictions(answers);
  const sums = Array.from({ length: BINS }, () => ({ confidence: 0, right: 0, count: 0 }));
  predicted.forEach((label, i) => {
    const confidence = Math.min(1, probability(answers, i, label));
    const bin = sums[Math.max(0, Math.ceil(confidence * BINS) - 1)]!;
    bin.confidence += confidence;
    bin.right += label === labels[i] ? 1 : 0;
    bin.count++;
  });
  return sums.map(({ confidence, right, count }, m) => ({
    confidence: count ? confidence / count : (m + 0.5) / BINS,
    accuracy: count ? right / count : 0,
    count,
  }));
}

/** Expected calibration error: Σ (share of examples in the bin)·|accuracy - mean confidence|; a share. */
export function ece(bins: readonly CalibrationBin[]): number {
  const total = bins.reduce((sum, b) => sum + b.count, 0);
  return bins.reduce((sum, b) => sum + (b.count / total) * Math.abs(b.accuracy - b.confidence), 0);
}
