/** Names of arms: what a reader of the report sees. */
import type { Budget } from "./budget.ts";
import type { FewWay } from "./plan.ts";

export type Phase = "copied head" | "head tuned" | "fine-tuned";
export const PHASES: readonly Phase[] = ["copied head", "head tuned", "fine-tuned"];

export const TEACHER_ARM = "teacher";
export const TEACHER_Z_ARM = "teacher's embedding, new head";
export const SINGLE_ARM = "one student, labels";
export const TAUGHT_ARM = "one student, KD";

export const classArm = (n: number, budget: Budget, phase: Phase): string =>
  `class of ${n}${budget === "total" ? ", equal total" : ""}: ${phase}`;
export const scratchArm = (n: number): string => `network of ${n}, labels`;
export const ensembleArm = (n: number): string => `ensemble of ${n}, KD`;
export const fewArm = (n: number, labels: number, way: FewWay): string =>
  ({
    class: `class of ${n}, ${labels} labels`,
    labels: `network of ${n}, ${labels} labels`,
    logits: `network of ${n}, KD without labels`,
  })[way];
