/** What the cells of one class found, over the seeds, in a form for arms, figures and claims. */
import type { Outcome } from "../system.ts";
import type { Budget } from "./budget.ts";
import type { Phase } from "./names.ts";

export interface ClassResult {
  readonly n: number;
  readonly budget: Budget;
  /** Outcomes per seed after each phase. */
  readonly phases: Readonly<Record<Phase, readonly Outcome[]>>;
  /** Per seed, per student. */
  readonly chunkR2: readonly (readonly number[])[];
  /** Mean accuracy with 0, 1, ..., n students missing, averaged over the seeds; empty where it was not asked. */
  readonly missing: readonly number[];
  /** Of one student. */
  readonly studentParams: number;
  readonly studentFlops: number;
  readonly slowestMs: number;
  /** Accuracy on the validation part after phase 3, per seed. */
  readonly validation: readonly number[];
}

const numbers = (value: unknown): number[] => value as number[];
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

export function readClass(n: number, budget: Budget, found: readonly Outcome[]): ClassResult {
  const facts = found.map((o) => o.facts ?? {});
  const phase = (name: "copied" | "headTuned", seconds: "copiedSeconds" | "headSeconds") =>
    found.map(
      ({ params, flops, facts: f = {} }): Outcome => ({
        metrics: f[name] as Record<string, number>,
        params: params!,
        flops: flops!,
        seconds: Number(f[seconds]),
      }),
    );
  const missing = facts.map((f) => numbers(f.missing));
  return {
    n,
    budget,
    phases: {
      "copied head": phase("copied", "copiedSeconds"),
      "head tuned": phase("headTuned", "headSeconds"),
      "fine-tuned": found,
    },
    chunkR2: facts.map((f) => numbers(f.chunkR2)),
    missing: missing[0]!.map((_, i) => missing.reduce((sum, m) => sum + m[i]!, 0) / missing.length),
    studentParams: Number(facts[0]!.studentParams),
    studentFlops: Number(facts[0]!.studentFlops),
    slowestMs: median(facts.map((f) => Number(f.slowest))),
    validation: facts.map((f) => Number(f.validation)),
  };
}
