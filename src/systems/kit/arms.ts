/** From the outcomes of cells to the arms and curves of a report. */
import { fail } from "../../errors.ts";
import { measure } from "../../teaching/report/measure.ts";
import { definitionOf } from "../../teaching/report/metrics.ts";
import type { Arm, MetricDefinition, Series } from "../../teaching/report/schema.ts";
import type { Outcome, Outcomes } from "../system.ts";

/** The outcome of a cell that must be there. */
export function outcomeOf(outcomes: Outcomes, id: string): Outcome {
  return outcomes.get(id) ?? fail("E_INTERNAL", `The plan has no cell "${id}".`);
}

export interface ArmRequest {
  readonly name: string;
  readonly role: Arm["role"];
  /** One per seed, in the order of the seeds. */
  readonly outcomes: readonly Outcome[];
  /** Definitions of metrics that the registry does not know. */
  readonly definitions?: Readonly<Record<string, MetricDefinition>>;
}

/** Every metric that all outcomes share becomes a measurement with its interval over the seeds. */
export function armOf({ name, role, outcomes, definitions }: ArmRequest): Arm {
  const [first] = outcomes;
  if (!first) return fail("E_INTERNAL", `Arm "${name}" has no outcomes.`);
  const shared = Object.keys(first.metrics).filter((metric) => outcomes.every((o) => o.metrics[metric] !== undefined));
  return {
    name,
    role,
    params: first.params ?? null,
    flops: first.flops ?? null,
    seconds: outcomes.reduce((sum, o) => sum + (o.seconds ?? 0), 0),
    metrics: Object.fromEntries(
      shared.map((metric) => [
        metric,
        measure(
          outcomes.map((o) => o.metrics[metric]!),
          definitionOf(metric, definitions).unit,
        ),
      ]),
    ),
  };
}

/** Validation accuracy and training loss over examples seen. */
export function curvesOf(arm: string, outcomes: readonly Outcome[]): Series[] {
  const x = { label: "examples seen", unit: "" };
  return outcomes.flatMap(({ log }, i): Series[] => {
    if (!log) return [];
    const exams = log.exams.filter(({ metrics }) => metrics.accuracy !== undefined);
    const validation = exams.map((e): [number, number] => [e.examples, e.metrics.accuracy!]);
    const about = { arm, seed: i + 1, x };
    return [
      {
        ...about,
        name: "Validation accuracy",
        metric: "accuracy",
        y: { label: "accuracy", unit: "share" },
        points: validation,
      },
      { ...about, name: "Training loss", y: { label: "loss", unit: "nats" }, points: log.loss },
    ];
  });
}
