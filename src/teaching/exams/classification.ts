/** The exam of a classifier: all measures of one model on one set of examples, ready for a report. */
import { accuracy, correctness } from "./accuracy.ts";
import { agreement } from "./agreement.ts";
import type { Answers } from "./answers.ts";
import { type CalibrationBin, calibrationBins, ece } from "./calibration.ts";
import { meanCrossEntropy } from "./cross-entropy.ts";
import { confusion, perClass } from "./per-class.ts";

export interface ExamResult {
  /** Metrics by the names of the report's registry; `agreement` only where there is a teacher. */
  readonly metrics: { accuracy: number; crossEntropy: number; ece: number; agreement?: number };
  readonly perClass: readonly { readonly accuracy: number; readonly support: number }[];
  /** `confusion[label][prediction]`. */
  readonly confusion: readonly (readonly number[])[];
  readonly calibration: readonly CalibrationBin[];
  /** 1 or 0 per example. */
  readonly correct: Uint8Array;
}

/** @throws E_EXAM_SIZE, E_EXAM_NAN */
export function examine(answers: Answers, labels: ArrayLike<number>, teacher?: Answers): ExamResult {
  const calibration = calibrationBins(answers, labels);
  const matrix = confusion(answers, labels);
  return {
    metrics: {
      accuracy: accuracy(answers, labels),
      crossEntropy: meanCrossEntropy(answers, labels),
      ece: ece(calibration),
      ...(teacher && { agreement: agreement(answers, teacher) }),
    },
    perClass: perClass(matrix),
    confusion: matrix,
    calibration,
    correct: correctness(answers, labels),
  };
}
