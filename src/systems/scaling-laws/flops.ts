/**
 * Floating-point operations of decoder-only transformers (appendices H and I of the paper), forward, per token, causal
 * attention counted at half. A backward pass costs two forward passes, so a token of training costs three.
 */
import { positive } from "./law.ts";

/** Of a model that exists: F = 2N + 2·layers·context·width + 2·vocabulary·width. */
export interface Architecture {
  /** Parameters without embeddings. */
  readonly N: number;
  readonly layers: number;
  readonly width: number;
  readonly context: number;
  readonly vocabulary: number;
}

export function flopsOfArchitecture({ N, layers, width, context, vocabulary }: Architecture): number {
  return 2 * N + 2 * layers * context * width + 2 * vocabulary * width;
}

/** Models of one shape in all sizes. */
export interface Family {
  /** width / layers. */
  readonly ratio: number;
  /** Parameters of a layer in units of width²: 12 with multi-head attention and a gated FFN of 8/3. */
  readonly density: number;
  readonly context: number;
  readonly vocabulary: number;
}

/** The paper's models. */
export const C4_FAMILY: Family = { ratio: 128, density: 12, context: 4096, vocabulary: 32168 };

/** F(N) = 2N·(1 + σ₁·context·N^(-1/3) + σ₂·vocabulary·N^(-2/3)). */
export function flopsPerToken(N: number, { ratio, density, context, vocabulary }: Family = C4_FAMILY): number {
  positive({ N });
  const attention = (1 / (ratio * density ** 2)) ** (1 / 3) * context * N ** (-1 / 3);
  const head = (ratio / density) ** (1 / 3) * vocabulary * N ** (-2 / 3);
  return 2 * N * (1 + attention + head);
}

/** What of the teacher is paid: its answers on the student's tokens, its own training. */
export interface Scenario {
  readonly logits: number;
  readonly pretraining: number;
}

export const SCENARIOS = {
  /** The teacher costs nothing. */
  best: { logits: 0, pretraining: 0 },
  /** It exists; its forward passes are paid. */
  inference: { logits: 1, pretraining: 0 },
  /** It is trained for this; its stored answers serve many students. */
  pretraining: { logits: 0, pretraining: 1 },
  /** It is trained for one student. */
  both: { logits: 1, pretraining: 1 },
} as const satisfies Readonly<Record<string, Scenario>>;

/** `students` share one teacher: its training is divided among them, and its answers too where they are stored. */
export function sharedBy(scenario: Scenario, students: number, storedLogits = false): Scenario {
  positive({ students });
  return {
    logits: storedLogits ? scenario.logits / students : scenario.logits,
    pretraining: scenario.pretraining / students,
  };
}

export interface Cost {
  readonly NS: number;
  readonly DS: number;
  readonly NT: number;
  readonly DT: number;
}

/** 3·F(N_S)·D_S + F(N_T)·(δ_logits·D_S + δ_pretraining·3·D_T). */
export function totalFlops(
  { NS, DS, NT, DT }: Cost,
  { logits, pretraining }: Scenario,
  family: Family = C4_FAMILY,
): number {
  return 3 * flopsPerToken(NS, family) * DS + flopsPerToken(NT, family) * (logits * DS + 3 * pretraining * DT);
}
