/**
 * The choice of λ, on validation examples as students meet them (the shortcut holds there too), never on test examples:
 * - few-shot: the best mean agreement with the teacher, which needs no labels.
 * - shortcut: agreement would choose the shortcut. Among the λ that cost at most five points of accuracy against KD, the one
 *   whose explanations are most like the teacher's; the most accurate one where all cost more.
 */
import { outcomeOf } from "../kit/arms.ts";
import { seedsOf } from "../options.ts";
import type { Outcome, Outcomes } from "../system.ts";
import { mean } from "./look.ts";
import type { Options } from "./options.ts";
import { type Arm, armsOf, studentCell } from "./plan.ts";

export interface Tried {
  readonly lambda: number;
  readonly accuracy: number;
  readonly agreement: number;
  readonly mapCosine: number;
}
export interface Choice {
  readonly lambda: number;
  readonly tried: readonly Tried[];
  /** Of distillation alone. */
  readonly kd: Tried;
}

/** Largest loss of validation accuracy against KD that a λ may cost, as a share. */
const COST = 0.05;

/** From means over the seeds. */
export function chooseLambda(experiment: Arm["experiment"], kd: Tried, tried: readonly Tried[]): number {
  const best = (of: readonly Tried[], by: (t: Tried) => number) => of.reduce((a, b) => (by(b) > by(a) ? b : a)).lambda;
  if (experiment !== "shortcut") return best(tried, (t) => t.agreement);
  const affordable = tried.filter(({ accuracy }) => accuracy >= kd.accuracy - COST);
  return affordable.length > 0 ? best(affordable, (t) => t.mapCosine) : best(tried, (t) => t.accuracy);
}

/** Choices by "experiment count". */
export function choices(outcomes: Outcomes, options: Options): Map<string, Choice> {
  const arms = armsOf(options).filter(({ experiment, teacher }) => experiment !== "frozen" && teacher !== "shortcut");
  const out = new Map<string, Choice>();
  for (const kdArm of arms.filter(({ method }) => method === "kd")) {
    const { experiment, count } = kdArm;
    const of = (arm: Arm): Tried => ({
      lambda: arm.lambda,
      ...validation(seedsOf(options).map((s) => outcomeOf(outcomes, studentCell(arm, s)))),
    });
    const tried = arms.filter((a) => a.method === "e2kd" && a.experiment === experiment && a.count === count).map(of);
    const kd = of(kdArm);
    out.set(groupOf(kdArm), { kd, tried, lambda: chooseLambda(experiment, kd, tried) });
  }
  return out;
}

export const groupOf = ({ experiment, count }: Pick<Arm, "experiment" | "count">): string => `${experiment} ${count}`;

function validation(outcomes: readonly Outcome[]): Omit<Tried, "lambda"> {
  const all = outcomes.map(({ facts }) => facts!.validation as unknown as Omit<Tried, "lambda">);
  const of = (name: keyof Omit<Tried, "lambda">) => mean(all.map((v) => v[name]));
  return { accuracy: of("accuracy"), agreement: of("agreement"), mapCosine: of("mapCosine") };
}
