/** What is claimed of ND, and how the numbers decide. */
import { difference } from "../../teaching/report/format.ts";
import { above, comparisonOf, meanOf, notRun } from "../kit/judge.ts";
import type { Claim, Findings, Judgement } from "../system.ts";
import { LABELS, withNd, without } from "./arms.ts";
import { BASES, type Base } from "./weights.ts";

const PAPER_GAINS: Readonly<Record<Base, string>> = {
  kd: "+1.05 to +2.45 points on six pairs against KD with 0.1 / 0.9",
  dkd: "+0.19 to +0.84 points on six pairs",
  dist: "+0.34 to +0.74 points on six pairs",
  reviewkd: "+0.15 to +0.57 points on six pairs",
};

/** Bounds of the accuracy difference that the specification expects: up to 20 classes, and more. */
const EXPECTED = { few: [-0.007, 0.007], many: [-0.003, 0.01] } as const;

export const claims: Claim[] = [
  {
    id: "kd-helps",
    text: "Knowledge distillation helps this student at all (without this, nothing below means much).",
    paper: "student 69.06 → KD 70.66 % (ResNet-56 → 20)",
    criterion: "the 95 % interval of KD − CE in test accuracy lies above 1 point",
    judge: (f) => above(f, "KD", "CE", "accuracy", 0.01),
  },
  {
    id: "direction",
    text: "The larger the weight of ND, the better embeddings point along the teacher's class means.",
    paper: "the purpose of the loss: features aligned with class means (abstract)",
    criterion: "the mean cosine grows at every step of λ from 0, and the interval of its largest λ − 0 lies above 0",
    judge: (f) => grows(f, "direction"),
  },
  {
    id: "norm",
    text: "The larger the weight of ND, the longer embeddings become beside the teacher's.",
    paper: "the purpose of the loss: features of large norm (abstract)",
    criterion:
      "the mean norm ratio grows at every step of λ from 0, and the interval of its largest λ − 0 lies above 0",
    judge: (f) =>
      f.values?.adapter === true
        ? {
            ...grows(f, "normRatio"),
            verdict: "inconclusive",
            why: "Widths differ: the adapter begins with batch norm, so the norm is the adapter's and not the student's.",
          }
        : grows(f, "normRatio"),
  },
  ...BASES.map(
    (base): Claim => ({
      id: `${base}++`,
      text: `ND makes students of ${LABELS[base]} more accurate.`,
      paper: PAPER_GAINS[base],
      criterion: `the 95 % interval of ${LABELS[base]}++ − ${LABELS[base]} with the same weights and warm-up lies above 0${base === "kd" ? "; λ chosen on the validation part" : ""}`,
      judge: (f) => gain(f, base),
    }),
  ),
  {
    id: "as-published",
    text: "KD with ND and the paper's weights makes more accurate students than KD with the benchmarks' weights.",
    paper: `${PAPER_GAINS.kd}: this difference, which holds the change of weights, too`,
    criterion: "the 95 % interval of KD++ − KD (0.1 / 0.9) lies above 0; λ chosen on the validation part",
    judge: (f) => {
      const lambda = f.values?.chosenLambda;
      return lambda === undefined ? notRun("KD++") : above(f, withNd("kd", Number(lambda)), "KD", "accuracy");
    },
  },
  {
    id: "expected",
    text: "On small networks the effect of ND on accuracy is small.",
    paper: "reports gains of +1 to +2.5 points for KD++; our pilot measured none with ten classes",
    criterion:
      "the mean of KD++ − KD λ=0 lies within ±0.7 points with up to 20 classes, between −0.3 and +1.0 points with more",
    judge: expected,
  },
  {
    id: "conditions",
    text: "There is a condition among those tried under which ND makes students of KD more accurate.",
    paper: "gains with 100 and 1000 classes and deep networks",
    criterion: "the 95 % interval of the gain lies above 0 under at least one condition",
    judge: conditions,
  },
];

/** Weights of ND on KD in the run, ascending. */
function ladder({ arms }: Findings): number[] {
  const [before = "", after = ""] = withNd("kd", 0).split("0");
  return arms
    .filter(({ name }) => name.startsWith(before) && name.endsWith(after))
    .map(({ name }) => Number(name.slice(before.length)))
    .sort((a, b) => a - b);
}

function grows(findings: Findings, metric: "direction" | "normRatio"): Judgement {
  const lambdas = ladder(findings);
  const most = lambdas.at(-1);
  if (most === undefined) return notRun("KD++");
  const means = [without("kd"), ...lambdas.map((lambda) => withNd("kd", lambda))].map(
    (arm) => meanOf(findings, arm, metric)!,
  );
  const judged = above(findings, withNd("kd", most), without("kd"), metric);
  const measured = `λ = ${[0, ...lambdas].join(", ")}: ${means.map((m) => m.toFixed(2)).join(", ")}`;
  const falls = means.findIndex((value, i) => i > 0 && value <= means[i - 1]!);
  if (falls > 0) return { measured, verdict: "fails", why: `It does not grow up to λ = ${lambdas[falls - 1]}.` };
  return { ...judged, measured: `${measured}; largest − 0: ${judged.measured}` };
}

function gain(findings: Findings, base: Base): Judgement {
  const { arms, values } = findings;
  const lambda = values?.chosenLambda;
  if (base === "kd" && lambda === undefined) return notRun("KD++");
  const arm =
    base === "kd" ? withNd("kd", Number(lambda)) : arms.find(({ name }) => name.startsWith(`${LABELS[base]}++`))?.name;
  return arm === undefined ? notRun(`${LABELS[base]}++`) : above(findings, arm, without(base), "accuracy");
}

function expected(findings: Findings): Judgement {
  const { chosenLambda, classes } = findings.values ?? {};
  const comparison = comparisonOf(findings, withNd("kd", Number(chosenLambda)), without("kd"), "accuracy");
  if (!comparison) return notRun("KD++");
  const [low, high] = Number(classes) <= 20 ? EXPECTED.few : EXPECTED.many;
  const { mean, values } = comparison;
  const measured = difference(comparison);
  if (values.length < 3) return { measured, verdict: "inconclusive", why: "Fewer than three seeds." };
  return mean >= low && mean <= high
    ? { measured, verdict: "holds" }
    : { measured, verdict: "fails", why: "Outside these bounds." };
}

function conditions({ comparisons, values }: Findings): Judgement {
  const names = ((values?.settings ?? []) as { name: string }[]).map(({ name }) => name).filter(Boolean);
  if (names.length === 0) return notRun("The exploration (--explore)");
  const gains = names.flatMap((name) => {
    const found = comparisons.find((c) => c.metric === "accuracy" && c.a.startsWith(`${name}: `));
    return found ? [{ name, found }] : [];
  });
  const measured = gains.map(({ name, found }) => `${name} ${difference(found)}`).join("; ");
  if (gains.every(({ found }) => found.verdict !== "better")) {
    const few = gains.some(({ found }) => found.values.length < 3);
    return few
      ? { measured, verdict: "inconclusive", why: "Fewer than three seeds." }
      : { measured, verdict: "fails", why: "No interval lies above 0." };
  }
  return { measured, verdict: "holds" };
}
