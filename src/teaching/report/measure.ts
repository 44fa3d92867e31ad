/**
 * From raw values to the report's measurements and comparisons; verdicts come from numbers by one rule.
 *
 * The rule: "better" or "worse" only when the whole 95 % interval lies on one side of 0, it comes from at least
 * three seeds (or from the test examples of one), and the seeds differ at all. Equal differences on every seed
 * give an interval of zero width; that means that the seeds changed nothing, not that we are certain.
 */
import { fail } from "../../errors.ts";
import { definitionOf } from "./metrics.ts";
import type { Arm, Comparison, Measurement, MetricDefinition } from "./schema.ts";
import { interval95, mean, pairedAccuracyInterval, pairedDifference } from "./statistics.ts";

const MINIMUM_SEEDS = 3;

type Definitions = Readonly<Record<string, MetricDefinition>>;

/** One value per seed -> mean and interval. Intervals of shares end at 0 and 1. */
export function measure(values: readonly number[], unit: string): Measurement {
  const interval = interval95(values);
  const ci95 = interval && unit === "share" ? clamp(interval, values) : interval;
  return { values: [...values], mean: mean(values), ci95, unit };
}

/** Word error rates are shares above 1: then only the lower end has a bound. */
function clamp([low, high]: [number, number], values: readonly number[]): [number, number] {
  return [Math.max(0, low), values.some((value) => value > 1) ? high : Math.min(1, high)];
}

/** The verdict on a, by the rule above. */
export function verdictOf(
  comparison: Pick<Comparison, "values" | "ci95" | "basis">,
  better: MetricDefinition["better"],
): Comparison["verdict"] {
  const { ci95, values, basis } = comparison;
  if (!ci95 || ci95[0] === ci95[1]) return "inconclusive";
  if (basis !== "examples" && values.length < MINIMUM_SEEDS) return "inconclusive";
  const [low, high] = better === "higher" ? ci95 : [-ci95[1], -ci95[0]];
  return low > 0 ? "better" : high < 0 ? "worse" : "inconclusive";
}

/**
 * a minus b on one metric, paired by seed. A teacher or oracle that was measured once is constant and is set
 * against every seed of the other side. @throws E_METRIC when an arm lacks the metric, E_PAIR
 */
export function compareArms(a: Arm, b: Arm, metric: string, definitions?: Definitions): Comparison {
  const [left, right] = [valuesOf(a, metric), valuesOf(b, metric)];
  const difference = pairedDifference(spread(a, left, right.length), spread(b, right, left.length));
  const { unit, better } = definitionOf(metric, definitions);
  const draft = { ...difference, basis: "seeds" as const };
  return {
    id: `${a.name} / ${b.name}: ${metric}`,
    a: a.name,
    b: b.name,
    metric,
    unit,
    ...draft,
    verdict: verdictOf(draft, better),
  };
}

/** The same from the answers of one seed: per test example whether each arm was right. */
export function compareOnExamples(
  a: Arm,
  b: Arm,
  correctA: ArrayLike<boolean | number>,
  correctB: ArrayLike<boolean | number>,
): Comparison {
  const { mean: difference, ci95 } = pairedAccuracyInterval(correctA, correctB);
  const draft = { values: [difference], mean: difference, ci95, basis: "examples" as const };
  const id = `${a.name} / ${b.name}: accuracy`;
  return { id, a: a.name, b: b.name, metric: "accuracy", unit: "share", ...draft, verdict: verdictOf(draft, "higher") };
}

function valuesOf(arm: Arm, metric: string): number[] {
  if (Object.hasOwn(arm.metrics, metric)) return arm.metrics[metric]!.values;
  const known = Object.keys(arm.metrics).join(", ") || "none";
  return fail(
    "E_METRIC",
    `Arm "${arm.name}" has no metric "${metric}" (it has: ${known}).`,
    "Measure it on both arms.",
  );
}

function spread(arm: Arm, values: number[], length: number): number[] {
  const constant = arm.role === "teacher" || arm.role === "oracle";
  return constant && values.length === 1 ? Array.from({ length }, () => values[0]!) : values;
}
