/** From outcomes to findings: arms, paired differences, curves, figures, notes. */
import { compareArms } from "../../teaching/report/measure.ts";
import type { Comparison, MetricDefinition, Arm as ReportArm } from "../../teaching/report/schema.ts";
import { mean } from "../../teaching/report/statistics.ts";
import { armOf, curvesOf, outcomeOf } from "../kit/arms.ts";
import { seedsOf } from "../options.ts";
import type { Bench, Findings, Outcome, Outcomes } from "../system.ts";
import { type Arm, withNd, without, withTerm } from "./arms.ts";
import { explorationFigures, lossFigures } from "./figures.ts";
import { notesOf } from "./notes.ts";
import type { NdOptions } from "./options.ts";
import { studentId, studentsOf } from "./plan.ts";
import { knowledgeId, named, type Setting, settingsOf, teacherId } from "./settings.ts";
import { PAIRS } from "./weights.ts";

export const definitions = {
  normRatio: {
    label: "Norm ratio",
    unit: "",
    better: "higher",
    text: "R: mean ‖s‖ / mean ‖t‖ over the test examples, s in the teacher's space (projected where widths differ).",
  },
  direction: {
    label: "Direction",
    unit: "",
    better: "higher",
    text: "D: mean cosine over the test examples between s in the teacher's space and the teacher's mean of the true class.",
  },
  classMeanAccuracy: {
    label: "Accuracy by class means",
    unit: "share",
    better: "higher",
    text: "Test examples whose embedding has its largest cosine with the teacher's mean of the true class: the student without its head.",
  },
  embeddingNorm: {
    label: "Embedding norm",
    unit: "",
    better: "higher",
    text: "Mean length of the student's own embedding on the test examples.",
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

/** A student under a setting, over all seeds. */
export interface Group {
  readonly setting: Setting;
  readonly arm: Arm;
  readonly outcomes: readonly Outcome[];
  readonly report: ReportArm;
}

export function conclude(outcomes: Outcomes, { options, data }: Pick<Bench<NdOptions>, "options" | "data">): Findings {
  const settings = settingsOf(options);
  const teachers = settings.map((setting) => teacherArm(outcomes, setting));
  const groups = studentsOf(options).map(({ setting, arm }): Group => {
    const found = seedsOf(options).map((seed) => outcomeOf(outcomes, studentId(setting, arm, seed)));
    const role = arm.lambda > 0 ? "student" : "baseline";
    return {
      setting,
      arm,
      outcomes: found,
      report: armOf({ name: named(setting, arm.name), role, outcomes: found, definitions }),
    };
  });
  const comparisons = options.explore ? explored(groups) : compared(groups, options);
  const knowledge = outcomeOf(outcomes, knowledgeId(settings[0]!));
  const chosen = chosenLambda(groups);
  const adapter = groups.some(({ outcomes: [first] }) => first?.facts?.adapter === true);
  const findings: Findings = {
    arms: [...teachers, ...groups.map(({ report }) => report)],
    comparisons,
    series: [
      ...settings.flatMap((s, i) =>
        sharesTeacher(settings, i) ? [] : curvesOf(teachers[i]!.name, [outcomeOf(outcomes, teacherId(s))]),
      ),
      ...groups.flatMap(({ report, outcomes: found }) => curvesOf(report.name, found)),
    ],
    definitions,
    values: {
      ...(chosen !== undefined && { chosenLambda: chosen }),
      classes: data.train.classes.length,
      adapter,
      settings: settings.map(({ name, about }) => ({ name, about })),
      validationAccuracy: Object.fromEntries(
        groups.map(({ report, outcomes: found }) => [report.name, validationOf(found)]),
      ),
      teacher: knowledge.facts ?? {},
    },
  };
  const figures = options.explore
    ? explorationFigures(groups, teachers, comparisons)
    : lossFigures(groups, teachers[0]!, comparisons, options);
  return {
    ...findings,
    figures,
    notes: notesOf(options, { adapter, facts: knowledge.facts ?? {}, ...(chosen !== undefined && { chosen }) }),
  };
}

/** The teacher as its students' setting sees it: its exam, and where its own embeddings lie. */
function teacherArm(outcomes: Outcomes, setting: Setting): ReportArm {
  const { seconds = 0 } = outcomeOf(outcomes, teacherId(setting));
  const known = outcomeOf(outcomes, knowledgeId(setting));
  return armOf({ name: named(setting, "teacher"), role: "teacher", outcomes: [{ ...known, seconds }], definitions });
}

const sharesTeacher = (settings: readonly Setting[], i: number): boolean =>
  settings.slice(0, i).some((s) => teacherId(s) === teacherId(settings[i]!));

const validationOf = (outcomes: readonly Outcome[]): number =>
  mean(outcomes.map((o) => Number(o.facts?.validation ?? 0)));

/** The weight of ND on KD with the best mean accuracy on the validation part. */
function chosenLambda(groups: readonly Group[]): number | undefined {
  const tried = groups.filter(
    ({ setting, arm }) => !setting.name && arm.base === "kd" && arm.term === "nd" && arm.lambda > 0,
  );
  const [best] = [...tried].sort((a, b) => validationOf(b.outcomes) - validationOf(a.outcomes));
  return best?.arm.lambda;
}

/** What a comparison of students looks at. */
const LOOKS = ["accuracy", "direction", "normRatio", "ece", "classMeanAccuracy"] as const;

function compared(groups: readonly Group[], { losses, lambdas, ablations, pair }: NdOptions): Comparison[] {
  const arm = (name: string): ReportArm => groups.find(({ report }) => report.name === name)!.report;
  const set = (a: string, b: string, metrics: readonly string[]) =>
    metrics.map((metric) => compareArms(arm(a), arm(b), metric, definitions));
  const weights = [...lambdas].sort((a, b) => a - b);
  return losses.flatMap((base) => [
    ...(base === "kd"
      ? [...set("KD", "CE", ["accuracy"]), ...set("KD λ=0", "KD", ["accuracy"])]
      : set(without(base), "CE", ["accuracy"])),
    ...(base === "kd" ? weights : [PAIRS[pair][base].nd]).flatMap((lambda) =>
      set(withNd(base, lambda), without(base), LOOKS),
    ),
    // As the paper compares: this changes the weights of KD, too.
    ...(base === "kd" ? weights.flatMap((lambda) => set(withNd(base, lambda), "KD", ["accuracy"])) : []),
    ...(base === "kd" ? ablations.flatMap((term) => set(withTerm(term), "KD λ=0", LOOKS)) : []),
  ]);
}

/** Under each setting, the student with ND against the one without. */
function explored(groups: readonly Group[]): Comparison[] {
  return groups
    .filter(({ arm }) => arm.lambda > 0)
    .flatMap(({ setting, report }) => {
      const plain = groups.find((g) => g.setting.name === setting.name && g.arm.lambda === 0)!;
      return LOOKS.map((metric) => compareArms(report, plain.report, metric, definitions));
    });
}
