/** What the specification wants judged, from the numbers alone. */
import { difference, percent, significant } from "../../teaching/report/format.ts";
import { above, comparisonOf, notRun } from "../kit/judge.ts";
import type { Claim, Findings, Judgement } from "../system.ts";
import { FURTHER, REFINED } from "./conclude.ts";
import { TITLES } from "./options.ts";

/** Below this, nats, one student holds the role nearly always. */
const DEGENERATE = 0.3;

export const claims: readonly Claim[] = [
  {
    id: "orc-dml",
    text: "Online role change gives a target no worse than mutual learning with the same pivot.",
    paper: "ORC is above DML on CIFAR-100 for most pairs of networks.",
    criterion: "accuracy of ORC minus DML with pivot, paired by seed: the 95 % interval lies above 0",
    judge: (f) => above(f, TITLES.orc, TITLES.dml, "accuracy"),
  },
  {
    id: "intensive",
    text: "Intensive teaching mends the pivot where the students err, without damage elsewhere.",
    paper: "Mixup of feedback and training samples is best of three ways (Table 9); no figure for the pivot is quoted.",
    criterion:
      "pivot after ORC minus pivot before: above 1 point on the students' errors and above 0 on the whole test part (95 % intervals)",
    judge: judgeIntensive,
  },
  {
    id: "roles",
    text: "In a family that differs in depth the role changes hands early, and moves to deeper networks later.",
    paper: "Shallower networks are promoted more often early, since they learn faster (Figure 4).",
    criterion:
      "entropy of promotions in the first third above 0.3 nats; shift towards larger students above 0 (95 % interval)",
    judge: judgeRoles,
  },
  {
    id: "orc-kd",
    text: "Online role change beats plain distillation from the same pivot.",
    paper:
      "ResNet34 to ResNet18 on ImageNet: top-1 error 28.00 % against 30.25 % without a teacher; above KD on CIFAR-10 and CIFAR-100.",
    criterion: "accuracy of ORC minus KD, paired by seed: the 95 % interval lies above 0; reported whatever the sign",
    judge: (f) => above(f, TITLES.orc, TITLES.kd, "accuracy"),
  },
  {
    id: "further",
    text: "The gain is not that of more training for the pivot.",
    paper: "Not reported.",
    criterion:
      "accuracy of ORC minus KD from a pivot trained for as many further steps: the 95 % interval lies above 0",
    judge: (f) => above(f, TITLES.orc, TITLES["kd-further"], "accuracy"),
  },
  {
    id: "role-change",
    text: "Changing roles beats a temporary teacher that is always the largest student.",
    paper: "Dynamic is better than the fixed deepest network (Table 7).",
    criterion: "accuracy of ORC minus ORC with fixed roles: the 95 % interval lies above 0",
    judge: (f) => above(f, TITLES.orc, TITLES["fixed-roles"], "accuracy"),
  },
];

function judgeIntensive(findings: Findings): Judgement {
  const onErrors = comparisonOf(findings, REFINED, TITLES.pivot, "onErrors");
  const whole = comparisonOf(findings, REFINED, TITLES.pivot, "accuracy");
  if (!onErrors || !whole) return notRun("Intensive teaching");
  const parts = [
    above(findings, REFINED, TITLES.pivot, "onErrors", 0.01),
    above(findings, REFINED, TITLES.pivot, "accuracy"),
  ];
  const neutral = comparisonOf(findings, REFINED, TITLES.pivot, "onAloneErrors");
  const further = comparisonOf(findings, REFINED, FURTHER, "onErrors");
  const measured = `${difference(onErrors)} on the students' errors, ${difference(whole)} on all${
    neutral ? `, ${difference(neutral)} on errors of the student alone` : ""
  }${further ? `; on the students' errors ${difference(further)} against a pivot trained further` : ""}`;
  const failed = parts.find(({ verdict }) => verdict === "fails");
  if (failed) return { measured, verdict: "fails", ...(failed.why && { why: failed.why }) };
  const open = parts.find(({ verdict }) => verdict === "inconclusive");
  return open
    ? { measured, verdict: "inconclusive", ...(open.why && { why: open.why }) }
    : { measured, verdict: "holds" };
}

function judgeRoles({ arms }: Findings): Judgement {
  const metrics = arms.find(({ name }) => name === TITLES.orc)?.metrics;
  const [early, shift] = [metrics?.promotionEntropy, metrics?.promotionShift];
  if (!early || !shift) return notRun("A group of several students");
  const measured = `entropy ${significant(early.mean)} nats, shift ${percent(shift.mean)} of the way from smallest to largest`;
  if (early.mean <= DEGENERATE) return { measured, verdict: "fails", why: "One student is promoted nearly always." };
  if (!shift.ci95 || shift.values.length < 3)
    return { measured, verdict: "inconclusive", why: "Fewer than three seeds." };
  const [low, high] = shift.ci95;
  if (low > 0) return { measured, verdict: "holds" };
  if (high < 0) return { measured, verdict: "fails", why: "Promotions move to smaller networks." };
  return { measured, verdict: "inconclusive", why: "The interval of the shift holds 0." };
}
