/**
 * The two laws of "Distillation Scaling Laws" (Busbridge et al., ICML 2025): what a model reaches when it is trained on
 * data (equation 1), and what a student reaches when it is distilled from a teacher of known loss (equation 8).
 *
 * All losses are cross-entropies against data, in nats per token. N counts parameters without embeddings, D tokens.
 * Both laws are evaluated in logarithms (equations 44 and 49): the raw powers overflow.
 */
import { fail } from "../../errors.ts";

/** L(N, D) = E + (A/N^alpha + B/D^beta)^gamma. */
export interface SupervisedLaw {
  readonly E: number;
  readonly A: number;
  readonly B: number;
  readonly alpha: number;
  readonly beta: number;
  readonly gamma: number;
}

/**
 * L_S = L_T + L_T^-c0 · (1 + (L_T/(L̃·d1))^(1/f1))^(-c1·f1) · (A/N^alpha + B/D^beta)^gamma, where L̃ is what the student
 * would reach on data alone. Data fix c1 and f1 only through kappa = c1·f1 and p = 1/f1, so these are the numbers here.
 */
export interface DistillationLaw {
  readonly A: number;
  readonly B: number;
  readonly alpha: number;
  readonly beta: number;
  readonly gamma: number;
  readonly c0: number;
  readonly kappa: number;
  readonly p: number;
  readonly d1: number;
}

export interface Laws {
  readonly supervised: SupervisedLaw;
  readonly distillation: DistillationLaw;
}

/** Fitted laws by name. They hold for the corpus, tokeniser and family of models that they were fitted on. */
export const PRESETS: Readonly<Record<string, Laws>> = {
  /** C4 English, 32,168 tokens, context 4096, 143M to 12.6B parameters: table 6 of the paper. */
  "c4-busbridge-2025": {
    supervised: { E: 1.22, A: 3355, B: 18186, alpha: 0.408, beta: 0.431, gamma: 0.452 },
    distillation: {
      ...{ A: 2243, B: 24181, alpha: 0.321, beta: 0.637, gamma: 0.764 },
      ...{ c0: 2.549, kappa: 522.6 * 0.09, p: 1 / 0.09, d1: 1.315 },
    },
  },
};

/** log(e^a + e^b) without overflow. */
export function logAddExp(a: number, b: number): number {
  const top = Math.max(a, b);
  return top === Number.NEGATIVE_INFINITY ? top : top + Math.log1p(Math.exp(-Math.abs(a - b)));
}

/** The loss of a model of N parameters after D tokens of data. @throws E_RANGE */
export function supervisedLoss({ E, A, B, alpha, beta, gamma }: SupervisedLaw, N: number, D: number): number {
  positive({ N, D });
  const size = Math.log(A) - alpha * Math.log(N);
  const data = Math.log(B) - beta * Math.log(D);
  return Math.exp(logAddExp(Math.log(E), gamma * logAddExp(size, data)));
}

export interface StudentQuery {
  /** Parameters of the student. */
  readonly N: number;
  /** Tokens that it is distilled on. */
  readonly D: number;
  /** The teacher's loss on data. */
  readonly LT: number;
}

/** The loss of a distilled student, on data. @throws E_RANGE */
export function studentLoss({ supervised, distillation }: Laws, { N, D, LT }: StudentQuery): number {
  positive({ N, D, LT });
  return Math.exp(logStudentLoss(distillation, Math.log(supervisedLoss(supervised, N, D)), { N, D, LT }));
}

/** The logarithm, given that of the loss that the student would reach on data alone. */
export function logStudentLoss(law: DistillationLaw, logAlone: number, { N, D, LT }: StudentQuery): number {
  const { A, B, alpha, beta, gamma, c0, kappa, p, d1 } = law;
  const teacher = Math.log(LT);
  const own = logAddExp(Math.log(A) - alpha * Math.log(N), Math.log(B) - beta * Math.log(D));
  const gap = logAddExp(0, p * (teacher - logAlone - Math.log(d1)));
  return logAddExp(teacher, -c0 * teacher - kappa * gap + gamma * own);
}

export function positive(values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (!(value > 0 && value < Number.POSITIVE_INFINITY))
      fail("E_RANGE", `${name} is ${value}.`, "Use a finite number above 0.");
  }
}
