/**
 * The laws as functions of a flat vector, with their gradients: what the fit works on. Positive parameters are held as
 * logarithms, so every vector is a law.
 */
import { type DistillationLaw, logAddExp, type SupervisedLaw } from "./law.ts";

/** One run of a fit: the numbers that a law reads as logarithms, and the logarithm of the measured loss. */
export interface Row {
  readonly logN: number;
  readonly logD: number;
  readonly logLoss: number;
  /** For students: the teacher's loss, and what the student would reach alone by the supervised law. */
  readonly logTeacher?: number;
  readonly logAlone?: number;
}

/** A law over flat vectors. */
export interface Form<L> {
  readonly size: number;
  /** Lowest and highest start of each entry. */
  readonly box: readonly (readonly [number, number])[];
  read(x: ArrayLike<number>): L;
  write(law: L): Float64Array;
  /** log L of a row; adds `weight` · its gradient to `into` where given. */
  predict(x: ArrayLike<number>, row: Row, into?: Float64Array, weight?: (predicted: number) => number): number;
}

const { log, exp } = Math;
/** Boxes of the paper's starts (appendix F); its zeros become small positive numbers. */
const POWER = [log(0.05), log(1.5)] as const;
const FACTOR = [0, 20] as const;

/** log A, log B, log E, log alpha, log beta, log gamma. */
export const SUPERVISED: Form<SupervisedLaw> = {
  size: 6,
  box: [FACTOR, FACTOR, [-1, 1.5], POWER, POWER, POWER],
  read: (x) => ({
    A: exp(x[0]!),
    B: exp(x[1]!),
    E: exp(x[2]!),
    alpha: exp(x[3]!),
    beta: exp(x[4]!),
    gamma: exp(x[5]!),
  }),
  write: ({ A, B, E, alpha, beta, gamma }) => Float64Array.from([A, B, E, alpha, beta, gamma], log),
  predict(x, { logN, logD }, into, weight) {
    const [alpha, beta, gamma] = [exp(x[3]!), exp(x[4]!), exp(x[5]!)];
    const size = x[0]! - alpha * logN;
    const data = x[1]! - beta * logD;
    const sum = logAddExp(size, data);
    const reducible = gamma * sum;
    const loss = logAddExp(x[2]!, reducible);
    if (into && weight) {
      const w = weight(loss);
      const slope = w * exp(reducible - loss) * gamma;
      const [ofSize, ofData] = [slope * exp(size - sum), slope * exp(data - sum)];
      into[0]! += ofSize;
      into[1]! += ofData;
      into[2]! += w * exp(x[2]! - loss);
      into[3]! -= ofSize * logN * alpha;
      into[4]! -= ofData * logD * beta;
      into[5]! += slope * sum;
    }
    return loss;
  },
};

/** log A, log B, log alpha, log beta, log gamma, log c0, log kappa, log p, log d1. */
export const DISTILLATION: Form<DistillationLaw> = {
  size: 9,
  box: [FACTOR, FACTOR, POWER, POWER, POWER, [log(0.05), log(4)], [log(0.5), log(100)], [log(0.7), log(20)], [-1, 1]],
  read: (x) => ({
    A: exp(x[0]!),
    B: exp(x[1]!),
    alpha: exp(x[2]!),
    beta: exp(x[3]!),
    gamma: exp(x[4]!),
    c0: exp(x[5]!),
    kappa: exp(x[6]!),
    p: exp(x[7]!),
    d1: exp(x[8]!),
  }),
  write: ({ A, B, alpha, beta, gamma, c0, kappa, p, d1 }) =>
    Float64Array.from([A, B, alpha, beta, gamma, c0, kappa, p, d1], log),
  predict(x, { logN, logD, logTeacher = 0, logAlone = 0 }, into, weight) {
    const [alpha, beta, gamma, c0] = [exp(x[2]!), exp(x[3]!), exp(x[4]!), exp(x[5]!)];
    const [kappa, p] = [exp(x[6]!), exp(x[7]!)];
    const size = x[0]! - alpha * logN;
    const data = x[1]! - beta * logD;
    const sum = logAddExp(size, data);
    const distance = logTeacher - logAlone - x[8]!;
    const gap = logAddExp(0, p * distance);
    const reducible = -c0 * logTeacher - kappa * gap + gamma * sum;
    const loss = logAddExp(logTeacher, reducible);
    if (into && weight) {
      const w = weight(loss) * exp(reducible - loss);
      const [ofSize, ofData] = [w * gamma * exp(size - sum), w * gamma * exp(data - sum)];
      // The slope of log(1 + e^v) is the logistic function of v.
      const bend = w * kappa * p * exp(p * distance - gap);
      into[0]! += ofSize;
      into[1]! += ofData;
      into[2]! -= ofSize * logN * alpha;
      into[3]! -= ofData * logD * beta;
      into[4]! += w * gamma * sum;
      into[5]! -= w * c0 * logTeacher;
      into[6]! -= w * kappa * gap;
      into[7]! -= bend * distance;
      into[8]! += bend;
    }
    return loss;
  },
};
