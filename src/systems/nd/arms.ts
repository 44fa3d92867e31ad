/**
 * The arms of a run as plain data: which loss with which weight and warm-up, and what acts on the embedding.
 *
 * Arms of one loss differ in nothing but the term on the embedding: plain KD of the benchmarks (0.1 / 0.9, no warm-up)
 * is not what KD++ adds ND to, so "KD λ=0" stands beside it with the weights of KD++.
 */
import type { NdOptions } from "./options.ts";
import type { Term } from "./terms.ts";
import { type Base, PAIRS } from "./weights.ts";

export type Arm = {
  readonly name: string;
  readonly base: Base | "ce";
  /** Of cross-entropy on the labels. */
  readonly labels: number;
  /** Of the loss. */
  readonly weight: number;
  /** Of its parts, where it has parts of its own (DKD). */
  readonly parts?: { readonly alpha: number; readonly beta: number };
  readonly warmUp: boolean;
  readonly term: Term;
  /** Of the term; 0 leaves it out, adapter and all. */
  readonly lambda: number;
};

export const LABELS: Readonly<Record<Base, string>> = { kd: "KD", dkd: "DKD", dist: "DIST", reviewkd: "ReviewKD" };

const CE: Arm = { name: "CE", base: "ce", labels: 1, weight: 0, warmUp: false, term: "nd", lambda: 0 };
/** Weights of the CIFAR benchmarks (RepDistiller, mdistiller). */
const KD: Arm = { name: "KD", base: "kd", labels: 0.1, weight: 0.9, warmUp: false, term: "nd", lambda: 0 };

/** A loss with the paper's weights and a term on the embedding. */
export function ndArm(name: string, base: Base, pair: NdOptions["pair"], lambda: number, term: Term = "nd"): Arm {
  const common = { name, base, labels: 1, warmUp: true, term, lambda };
  if (base !== "dkd") return { ...common, weight: PAIRS[pair][base].weight };
  const { alpha, beta } = PAIRS[pair].dkd;
  return { ...common, weight: 1, parts: { alpha, beta } };
}

/** The name of the arm that ND is added to. */
export const without = (base: Base): string => (base === "kd" ? "KD λ=0" : LABELS[base]);
/** The name of the arm with ND. */
export const withNd = (base: Base, lambda: number): string => `${LABELS[base]}++ λ=${lambda}`;
export const withTerm = (term: Term): string => `KD + ${term}`;

/** The middle of the weights of ND: for ablations, and where one weight must do. */
export function middle(lambdas: readonly number[]): number {
  const sorted = [...lambdas].sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1]!;
}

/** All students of a run that compares losses. */
export function armsOf({ losses, lambdas, ablations, pair }: NdOptions): Arm[] {
  const arms = [CE];
  for (const base of losses) {
    if (base === "kd") arms.push(KD);
    arms.push(ndArm(without(base), base, pair, 0));
    const weights = base === "kd" ? [...lambdas].sort((a, b) => a - b) : [PAIRS[pair][base].nd];
    arms.push(...weights.map((lambda) => ndArm(withNd(base, lambda), base, pair, lambda)));
    if (base === "kd") arms.push(...ablations.map((term) => ndArm(withTerm(term), base, pair, middle(lambdas), term)));
  }
  return arms;
}
