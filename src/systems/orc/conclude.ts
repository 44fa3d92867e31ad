/** From the outcomes of all cells to arms, comparisons, curves and figures. Everything is measured on the test part. */
import type { Answers } from "../../teaching/exams/index.ts";
import { compareArms, measure } from "../../teaching/report/measure.ts";
import type { Arm, Comparison } from "../../teaching/report/schema.ts";
import { armOf, curvesOf, outcomeOf } from "../kit/arms.ts";
import { seedsOf } from "../options.ts";
import type { Bench, Findings, Outcome, Outcomes } from "../system.ts";
import { isFrozen, studentsOf } from "./cast.ts";
import { figuresOf } from "./figures.ts";
import { earlyEntropy, shiftToLarger } from "./history.ts";
import { accuracyOn, definitions, errorsOfAny, falseKnowledge } from "./measures.ts";
import { type ArmKey, GROUPS, type Options, TITLES } from "./options.ts";
import { assistantId, chainOf, idOf, PIVOT } from "./plan.ts";

export const REFINED = "pivot after ORC";
export const FURTHER = "pivot trained further";

export async function conclude(
  outcomes: Outcomes,
  bench: Pick<Bench<Options>, "options" | "data" | "own">,
): Promise<Findings> {
  const { options: o, data } = bench;
  const seeds = seedsOf(o);
  const { labels, classes } = data.test;
  const answersOf = (outcome: Outcome, prefix = ""): Answers | undefined => {
    const logits = outcome.arrays?.[`${prefix}answers`];
    return logits && { logits, classes: classes.length };
  };
  const pivot = outcomeOf(outcomes, PIVOT);
  const start = answersOf(pivot)!;
  const students = await studentsOf(bench);
  const sizes = students.map(({ network }) => network.model.flops);
  const chosen = [...new Set(o.arms)];

  /** Metrics of one arm and seed beside those of its exam. */
  const extended = (outcome: Outcome, teacher: Answers | undefined): Outcome => {
    const said = answersOf(outcome)!;
    const roles = outcome.arrays?.roles;
    const metrics = {
      ...outcome.metrics,
      ...(teacher && { falseKnowledge: falseKnowledge(said, teacher, labels) }),
      ...(roles && roles.length > 0 && students.length > 1
        ? {
            promotionEntropy: earlyEntropy(roles, students.length),
            promotionShift: shiftToLarger(roles, sizes),
          }
        : {}),
    };
    return { ...outcome, metrics };
  };
  const teacherOf = (arm: ArmKey | "orc", seed: number, outcome: Outcome): Answers | undefined => {
    if (arm === "ce") return undefined;
    if (arm === "kd-further") return answersOf(outcomeOf(outcomes, idOf("further", seed)));
    return answersOf(outcome, "pivot/") ?? start;
  };
  const outcomesOf = (arm: ArmKey | "orc"): Outcome[] => seeds.map((seed) => outcomeOf(outcomes, idOf(arm, seed)));
  const armNamed = (arm: ArmKey | "orc", role: Arm["role"]): Arm => {
    const own = outcomesOf(arm);
    const extra = seeds.map((seed, i) => extended(own[i]!, teacherOf(arm, seed, own[i]!)));
    const result = armOf({ name: TITLES[arm], role, outcomes: extra, definitions });
    if (arm !== "takd") return result;
    const chain = chainOf(o).flatMap((member) =>
      seeds.map((seed) => outcomeOf(outcomes, assistantId(member, seed)).seconds ?? 0),
    );
    return { ...result, seconds: chain.reduce((a, b) => a + b, result.seconds) };
  };

  const orc = outcomesOf("orc");
  const refinedAnswers = orc.map((outcome) => answersOf(outcome, "pivot/"));
  const refines = refinedAnswers.every((answers) => answers !== undefined);
  const errors = orc.map((outcome) =>
    errorsOfAny(
      students.map((_, i) => answersOf(outcome, i === 0 ? "" : `student${i}/`)!),
      labels,
    ),
  );
  const aloneErrors = chosen.includes("ce")
    ? outcomesOf("ce").map((outcome) => errorsOfAny([answersOf(outcome)!], labels))
    : undefined;

  /** A pivot's accuracy on both sets of errors, by seed; only where no set is empty. */
  const onErrors = (said: readonly Answers[]): Arm["metrics"] => {
    const values = (sets: readonly number[][] | undefined) => sets?.map((set, i) => accuracyOn(said[i]!, labels, set));
    const metric = (name: string, found: readonly (number | undefined)[] | undefined) =>
      found?.every((v): v is number => v !== undefined) ? { [name]: measure(found, "share") } : {};
    return { ...metric("onErrors", values(errors)), ...metric("onAloneErrors", values(aloneErrors)) };
  };
  const pivotArm = (name: string, found: readonly Outcome[], said: readonly Answers[]): Arm => {
    const arm = armOf({ name, role: "teacher", outcomes: found, definitions });
    return { ...arm, metrics: { ...arm.metrics, ...onErrors(said) } };
  };

  const arms: Arm[] = [
    armNamed("orc", "student"),
    pivotArm(
      TITLES.pivot,
      [pivot],
      seeds.map(() => start),
    ),
  ];
  if (refines) {
    const found = orc.map(({ facts }) => ({ metrics: facts!.pivot as Record<string, number>, seconds: 0 }));
    const about = { params: pivot.params ?? null, flops: pivot.flops ?? null };
    arms.push({ ...pivotArm(REFINED, found, refinedAnswers as Answers[]), ...about });
  }
  if (chosen.includes("kd-further")) {
    const further = seeds.map((seed) => outcomeOf(outcomes, idOf("further", seed)));
    arms.push(
      pivotArm(
        FURTHER,
        further,
        further.map((outcome) => answersOf(outcome)!),
      ),
    );
  }
  arms.push(...chosen.map((arm) => armNamed(arm, "baseline")));

  const against = (name: string) => arms.find((arm) => arm.name === name);
  const compare = (a: string, b: string, metric: string): Comparison[] => {
    const [left, right] = [against(a), against(b)];
    return left?.metrics[metric] && right?.metrics[metric] ? [compareArms(left, right, metric, definitions)] : [];
  };
  const comparisons = [
    ...chosen.flatMap((arm) => compare(TITLES.orc, TITLES[arm], "accuracy")),
    ...[TITLES.pivot, FURTHER].flatMap((other) =>
      ["accuracy", "onErrors", "onAloneErrors"].flatMap((metric) => compare(REFINED, other, metric)),
    ),
  ];
  const series = (["orc", ...chosen] as const).flatMap((arm) => curvesOf(TITLES[arm], outcomesOf(arm)));
  const groups = (["orc", ...chosen.filter((arm) => GROUPS[arm])] as const).map((arm) => ({
    arm,
    outcomes: outcomesOf(arm),
  }));
  return {
    arms,
    comparisons,
    series,
    definitions,
    figures: figuresOf({ bench, outcomes, students, groups, arms }),
    values: { promotions: orc.map(({ arrays = {} }) => Array.from(arrays.roles ?? [])) },
    notes: notesOf(bench, refines),
  };
}

function notesOf(bench: Pick<Bench<Options>, "options" | "own">, refines: boolean): string[] {
  const { roles, beta, temperature } = bench.options;
  return [
    `All arms see the same examples in the same order for the same number of steps; distillation terms weigh ${beta} each at temperature ${temperature}, labels ${Number((1 - beta).toFixed(4))}.`,
    "One pivot teacher was trained for all seeds, so intervals do not contain the luck of its training. Times are of training without it; several cells at once slow each other.",
    "The authors have published no code: ranking by cross-entropy, the choice of feedback samples, T², α = 1, the pivot's rate and its pre-training on mixtures are ours.",
    ...(isFrozen(bench) ? ["The pivot came trained and stayed frozen: there was no intensive teaching."] : []),
    ...(!isFrozen(bench) && !refines ? ["The pivot was frozen by the options: there was no intensive teaching."] : []),
    ...(roles !== "loss" ? [`Roles were given by the rule "${roles}", not by the method's ranking.`] : []),
    "Networks, roles and hard examples of every group lie in the folder networks/ of the run.",
  ];
}
