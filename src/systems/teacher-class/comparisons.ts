/** The paired comparisons of a run; the label-scarce ones first, since that is what the method is for. */
import { compareArms } from "../../teaching/report/measure.ts";
import type { Arm, Comparison } from "../../teaching/report/schema.ts";
import type { Budget } from "./budget.ts";
import { definitions } from "./metrics.ts";
import {
  classArm,
  ensembleArm,
  fewArm,
  SINGLE_ARM,
  scratchArm,
  TAUGHT_ARM,
  TEACHER_ARM,
  TEACHER_Z_ARM,
} from "./names.ts";
import type { Options } from "./options.ts";
import { FEW_WAYS, fewSize } from "./plan.ts";
import type { ClassResult } from "./results.ts";

export function comparisonsOf(arms: readonly Arm[], classes: readonly ClassResult[], options: Options): Comparison[] {
  const find = (name: string) => arms.find((a) => a.name === name);
  const out: Comparison[] = [];
  const compare = (a: string, b: string, metric = "accuracy") => {
    const [left, right] = [find(a), find(b)];
    const known = left?.metrics[metric] && right?.metrics[metric];
    if (known && a !== b && !out.some((c) => c.a === a && c.b === b && c.metric === metric)) {
      out.push(compareArms(left, right, metric, definitions));
    }
  };
  const large = classes.filter((c) => c.budget === "student").map((c) => c.n);
  const [least, most] = [large[0], large.at(-1)];
  const fine = (n: number, budget: Budget = "student") => classArm(n, budget, "fine-tuned");
  const few = fewSize(options);
  if (few !== undefined) {
    const [ours, labels, logits] = FEW_WAYS.map((way) => fewArm(few, options.fewLabels, way)) as [
      string,
      string,
      string,
    ];
    compare(ours, labels);
    compare(ours, logits);
    for (const n of large) compare(fine(n), TEACHER_Z_ARM, "otherAccuracy");
  }
  for (const n of large) {
    compare(fine(n), TEACHER_ARM);
    compare(fine(n), scratchArm(n));
    compare(fine(n), ensembleArm(n));
    compare(fine(n), classArm(n, "student", "head tuned"));
    compare(classArm(n, "student", "head tuned"), classArm(n, "student", "copied head"));
  }
  const pairs = large.slice(1).map((n, i) => [n, large[i]!] as const);
  for (const [n, m] of [...pairs, ...(least !== undefined && most !== undefined ? [[most, least] as const] : [])]) {
    compare(fine(n), fine(m), "r2");
    compare(classArm(n, "student", "copied head"), classArm(m, "student", "copied head"));
    compare(fine(n), fine(m));
  }
  if (most !== undefined) {
    compare(fine(most), SINGLE_ARM);
    compare(fine(most), TAUGHT_ARM);
  }
  for (const { n, budget } of classes) {
    if (budget === "student") continue;
    compare(fine(n, "total"), TAUGHT_ARM);
    compare(fine(n, "total"), fine(1));
  }
  return out;
}
