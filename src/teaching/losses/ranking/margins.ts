/**
 * Distillation of a ranker by scores of pairs: a query with a relevant and an irrelevant document.
 *
 * m = s⁺ - s⁻ is the margin of a triple. Scores are `[B]`, or negatives `[B, K]` against positives `[B]`. A teacher's
 * score may be shifted per query without changing MarginMSE; scaling it changes the loss.
 */
import { stopGradient, type Tensor } from "../../../tensor/index.ts";

/** Scores of triples. */
export interface TripleScores {
  /** `[B]`. */
  readonly positive: Tensor;
  /** `[B]` or `[B, K]`. */
  readonly negative: Tensor;
}

/** MarginMSE (Hofstätter et al. 2020): mean((m_S - m_T)²). */
export function marginMse(student: TripleScores, teacher: TripleScores): Tensor {
  return margins(student)
    .sub(stopGradient(margins(teacher)))
    .square()
    .mean();
}

/** mean(max(0, m_T - m_S)): the student's margin may be larger than the teacher's, but not smaller. */
export function marginHinge(student: TripleScores, teacher: TripleScores): Tensor {
  return stopGradient(margins(teacher)).sub(margins(student)).relu().mean();
}

/** mean((s_S - s_T)²) on scores of any shape: pointwise, so the student takes over the teacher's scale. */
export function pointwiseMse(student: Tensor, teacher: Tensor): Tensor {
  return student.sub(stopGradient(teacher)).square().mean();
}

function margins({ positive, negative }: TripleScores): Tensor {
  return (negative.rank > positive.rank ? positive.expandDims(-1) : positive).sub(negative);
}
