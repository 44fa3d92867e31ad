/** Verdicts of claims from the numbers of a report. */
import { difference, quantity } from "../../teaching/report/format.ts";
import type { Comparison } from "../../teaching/report/schema.ts";
import type { Findings, Judgement } from "../system.ts";

/** Where a claim asks for something that was not run (an option left it out). */
export const notRun = (what: string): Judgement => ({
  measured: "not measured",
  verdict: "inconclusive",
  why: `${what} was not part of this run.`,
});

/**
 * a − b lies above `bound` (in the unit of the metric; shares as fractions): holds when the whole 95 % interval does,
 * fails when none of it does, inconclusive between or with fewer than three seeds.
 */
export function above(findings: Findings, a: string, b: string, metric: string, bound = 0): Judgement {
  const comparison = comparisonOf(findings, a, b, metric);
  if (!comparison) return notRun(`${a} against ${b}`);
  const { ci95, values, basis } = comparison;
  const measured = difference(comparison);
  if (!ci95 || (basis !== "examples" && values.length < 3))
    return { measured, verdict: "inconclusive", why: "Fewer than three seeds." };
  const [low, high] = ci95;
  if (low > bound) return { measured, verdict: "holds" };
  if (high < bound) return { measured, verdict: "fails", why: "The whole interval lies on the other side." };
  return {
    measured,
    verdict: "inconclusive",
    why: `The interval holds ${bound === 0 ? "0" : quantity(bound, comparison.unit)}.`,
  };
}

export function comparisonOf({ comparisons }: Findings, a: string, b: string, metric: string): Comparison | undefined {
  return comparisons.find((c) => c.a === a && c.b === b && c.metric === metric);
}

/** Mean of an arm's metric; undefined where the arm or the metric is missing. */
export function meanOf({ arms }: Findings, arm: string, metric: string): number | undefined {
  return arms.find(({ name }) => name === arm)?.metrics[metric]?.mean;
}
