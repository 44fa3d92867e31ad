/** How the claims of this method are judged: from the comparisons and values of a report, and nothing else. */
import { factor } from "../../teaching/report/format.ts";
import { above, notRun } from "../kit/judge.ts";
import type { Findings, Judgement } from "../system.ts";
import { classArm, TEACHER_ARM } from "./names.ts";

interface Values {
  readonly data: string;
  readonly sizes: readonly number[];
  readonly fewSize: number | null;
  readonly fewLabels: number;
  readonly studentParams: Readonly<Record<string, number>>;
  readonly teacherParams: number | null;
  readonly missing: Readonly<Record<string, readonly number[]>>;
}
export const valuesOf = ({ values }: Findings) => values as unknown as Values;
export const fine = (n: number, budget: "student" | "total" = "student") => classArm(n, budget, "fine-tuned");
export const copied = (n: number) => classArm(n, "student", "copied head");
export const tuned = (n: number) => classArm(n, "student", "head tuned");

/** All of them: one failure fails, one doubt leaves it open. */
export function every(judgements: readonly (readonly [name: string, Judgement])[]): Judgement {
  if (judgements.length === 0) return notRun("A second size of class");
  const worst = (["fails", "inconclusive"] as const).find((v) => judgements.some(([, j]) => j.verdict === v));
  const guilty = judgements.filter(([, j]) => j.verdict === worst);
  return {
    measured: judgements.map(([name, j]) => `${name}: ${j.measured}`).join("; "),
    verdict: worst ?? "holds",
    ...(worst && { why: guilty.map(([name, j]) => `${name}: ${j.why ?? worst}`).join(" ") }),
  };
}

/** Over neighbouring sizes of class. */
export const climbing = (findings: Findings, metric: string, arm: (n: number) => string): Judgement => {
  const { sizes } = valuesOf(findings);
  return every(
    sizes.slice(1).map((n, i) => [`n = ${n} − ${sizes[i]}`, above(findings, arm(n), arm(sizes[i]!), metric)] as const),
  );
};

/** Of the class of 8 over the class of 1, where both were run. */
export const eightOverOne = (findings: Findings, arm: (n: number) => string, bound: number): Judgement => {
  const { sizes } = valuesOf(findings);
  return sizes.includes(1) && sizes.includes(8)
    ? above(findings, arm(8), arm(1), "accuracy", bound)
    : notRun("The class of 1 or of 8");
};

export const withFew = (findings: Findings, judge: (n: number, labels: number) => Judgement): Judgement => {
  const { fewSize, fewLabels } = valuesOf(findings);
  return fewSize === null ? notRun("The label-scarce comparison") : judge(fewSize, fewLabels);
};

export const largest = (findings: Findings, judge: (n: number) => Judgement): Judgement => {
  const n = valuesOf(findings).sizes.at(-1);
  return n === undefined || n < 2 ? notRun("A class of several students of one size") : judge(n);
};

/** Teacher − class in the stored outputs of the notebooks: the widest gap of the feed-forward classes of 4 and 8. */
const PAPER_MARGIN: Readonly<Record<string, number>> = {
  "fashion-mnist": 0.9239 - 0.8527,
  mnist: 0.9899 - 0.9842,
  "cifar-10": 0.8992 - 0.8153,
};

export function withinMargin(findings: Findings): Judgement {
  const { data, sizes, studentParams, teacherParams } = valuesOf(findings);
  if (teacherParams === null) return notRun("A teacher of known size");
  const margin = PAPER_MARGIN[data];
  if (margin === undefined) return notRun("A data set of the paper");
  const enough = sizes.filter((n) => teacherParams / studentParams[`student ${n}`]! >= 10).at(-1);
  if (enough === undefined) {
    const ratios = sizes.map((n) => factor(teacherParams / studentParams[`student ${n}`]!));
    return {
      measured: `${ratios.join(", ")} fewer parameters per device`,
      verdict: "fails",
      why: "Below 10 × everywhere.",
    };
  }
  const { measured, ...rest } = above(findings, fine(enough), TEACHER_ARM, "accuracy", -margin);
  const ratio = factor(teacherParams / studentParams[`student ${enough}`]!);
  return { ...rest, measured: `class of ${enough}: ${measured} with ${ratio} fewer parameters per device` };
}

export function gracefully(findings: Findings): Judgement {
  const entries = Object.entries(valuesOf(findings).missing).filter(([, accuracy]) => accuracy.length > 2);
  if (entries.length === 0) return notRun("A class of several students");
  const falls = (accuracy: readonly number[]) => accuracy.every((v, i) => i === 0 || v < accuracy[i - 1]!);
  const shown = entries.map(
    ([name, accuracy]) =>
      `${name.replace("student ", "n = ")}: ${accuracy.map((v) => (100 * v).toFixed(1)).join(" → ")} %`,
  );
  const bad = entries.find(([, accuracy]) => !falls(accuracy));
  return {
    measured: shown.join("; "),
    verdict: bad ? "fails" : "holds",
    ...(bad && { why: `${bad[0]} does not fall.` }),
  };
}
