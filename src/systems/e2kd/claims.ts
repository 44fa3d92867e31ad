/** What the paper says, and what this run measured. */
import { difference } from "../../teaching/report/format.ts";
import { above, comparisonOf, notRun } from "../kit/judge.ts";
import type { Claim, Findings, Judgement } from "../system.ts";
import type { Pairing, Values } from "./conclude.ts";

const valuesOf = ({ values }: Findings): Values => values as unknown as Values;
const pairings = (findings: Findings, experiment: Pairing["experiment"]): readonly Pairing[] =>
  valuesOf(findings).pairings.filter((p) => p.experiment === experiment);

/** One judgement of several: fails when one fails, holds when all hold. */
function all(judgements: readonly (readonly [name: string, Judgement])[], missing: string): Judgement {
  if (judgements.length === 0) return notRun(missing);
  const measured = judgements.map(([name, j]) => `${name}: ${j.measured}`).join("; ");
  const worst =
    judgements.find(([, { verdict }]) => verdict === "fails") ??
    judgements.find(([, { verdict }]) => verdict === "inconclusive");
  if (!worst) return { measured, verdict: "holds" };
  const [name, { verdict, why }] = worst;
  return { measured, verdict, why: `${name}: ${why ?? verdict}` };
}

const sized = (findings: Findings, metric: string, bound: number, largest = Number.POSITIVE_INFINITY): Judgement =>
  all(
    pairings(findings, "few-shot")
      .filter(({ count }) => count <= largest)
      .map(({ e2kd, kd, count }) => [`${count} pictures`, above(findings, e2kd, kd, metric, bound)] as const),
    largest === Number.POSITIVE_INFINITY ? "The few-shot experiment" : "A few-shot set of up to 1000 pictures",
  );

const onScenes = (findings: Findings, metric: string, bound = 0): Judgement => {
  const [pairing] = pairings(findings, "shortcut");
  return pairing ? above(findings, pairing.e2kd, pairing.kd, metric, bound) : notRun("The shortcut experiment");
};

const percent = (value: number) => `${(100 * value).toFixed(0)} %`;

export const claims: readonly Claim[] = [
  {
    id: "agreement-kept",
    text: "Explanations cost no agreement with the teacher, however many pictures there are.",
    paper: "Agreement rises at 50 and 200 images per class and a little with all of ImageNet (ResNet-34 to ResNet-18).",
    criterion:
      "at every size of the few-shot set, agreement of e²KD minus KD lies above −0.2 points (95 % interval over seeds)",
    judge: (f) => sized(f, "agreement", -0.002),
  },
  {
    id: "agreement-few",
    text: "With few pictures the student agrees more with its teacher.",
    paper: "+6.2 points of agreement on ImageNet with 50 images per class.",
    criterion: "at up to 1000 pictures, agreement of e²KD minus KD lies above 0",
    judge: (f) => sized(f, "agreement", 0, 1000),
  },
  {
    id: "accuracy-few",
    text: "With few pictures the student is more accurate.",
    paper: "+5.1 points of accuracy on ImageNet with 50 images per class.",
    criterion: "at up to 1000 pictures, accuracy of e²KD minus KD lies above 0; reported whatever the sign",
    judge: (f) => sized(f, "accuracy", 0, 1000),
  },
  {
    id: "explanations",
    text: "The student's explanations become those of its teacher.",
    paper: "Explanations of e²KD students resemble the teacher's, those of KD students do not.",
    criterion: "at every size of the few-shot set, the cosine of the maps rises by more than 0.2 over KD",
    judge: (f) => sized(f, "mapCosine", 0.2),
  },
  {
    id: "explanations-shortcut",
    text: "Also where a shortcut would explain the labels as well.",
    paper:
      "On Waterbirds-100 maps of e²KD students lie on the bird like the teacher's, those of KD students on the background.",
    criterion: "with the shortcut, the cosine of the maps rises by more than 0.2 over KD",
    judge: (f) => onScenes(f, "mapCosine", 0.2),
  },
  {
    id: "right-reasons",
    text: "A student of a teacher that looks at the object looks at the object, though the shortcut would do.",
    paper:
      "On Waterbirds-100 the student keeps the teacher's focus on the bird; EPG on PASCAL VOC comes close to the teacher's.",
    criterion: "at least half of the gap in EPG between KD and the teacher is closed (95 % interval over seeds)",
    judge: (f) => {
      const { closed, gap } = valuesOf(f);
      if (gap === undefined) return notRun("The shortcut experiment");
      if (!closed) return { measured: `gap ${percent(gap)}`, verdict: "inconclusive", why: "KD left no gap to close." };
      const { values, ci95, mean } = closed;
      const measured = `${percent(mean)} of the gap of ${(100 * gap).toFixed(1)} points closed${ci95 ? ` [${percent(ci95[0])}, ${percent(ci95[1])}]` : ""}`;
      if (!ci95 || values.length < 3) return { measured, verdict: "inconclusive", why: "Fewer than three seeds." };
      if (ci95[0] >= 0.5) return { measured, verdict: "holds" };
      return ci95[1] < 0.5
        ? { measured, verdict: "fails", why: "Less than half is closed." }
        : { measured, verdict: "inconclusive", why: "The interval holds one half." };
    },
  },
  {
    id: "out-of-distribution",
    text: "The student is more accurate when the shortcut misleads.",
    paper: "Out-of-distribution accuracy on Waterbirds-100 rises clearly over KD.",
    criterion: "accuracy on misleading scenes of e²KD minus KD lies above 0; reported whatever the sign",
    judge: (f) => onScenes(f, "oddAccuracy"),
  },
  {
    id: "wrong-reasons",
    text: "A teacher that itself uses the shortcut passes that on: explanations are copied, right or wrong.",
    paper: "Not in the paper; it follows from the loss, and a robustness claim that ignored it would be wrong.",
    criterion:
      "at the same λ, EPG of the shortcut teacher's student is lower than that of the robust teacher's on every seed",
    judge: (f) => {
      const { reasons } = valuesOf(f);
      if (!reasons) return notRun("The shortcut experiment");
      const { robust, shortcut } = reasons;
      const lower = robust.filter((value, i) => shortcut[i]! < value).length;
      const list = (v: readonly number[]) => v.map((x) => (100 * x).toFixed(0)).join(", ");
      const measured = `lower on ${lower} of ${robust.length} seeds (EPG % ${list(shortcut)} against ${list(robust)})`;
      if (robust.length < 3) return { measured, verdict: "inconclusive", why: "Fewer than three seeds." };
      return lower === robust.length
        ? { measured, verdict: "holds" }
        : { measured, verdict: "fails", why: "Not on every seed." };
    },
  },
  {
    id: "frozen",
    text: "Explanations that were stored beforehand do as well as distillation needs.",
    paper: 'Gains remain with approximate ("frozen") explanations.',
    criterion: "agreement of frozen e²KD minus KD with frozen answers lies above −0.2 points",
    judge: (f) => {
      const { frozen } = valuesOf(f);
      return frozen ? above(f, frozen.e2kd, frozen.kd, "agreement", -0.002) : notRun("The frozen experiment");
    },
  },
  {
    id: "frozen-explanations",
    text: "Stored explanations still make the student explain itself like its teacher.",
    paper: "Frozen explanations keep most of the gain of live ones.",
    criterion: "the cosine of the maps of frozen e²KD minus that of KD with frozen answers lies above 0",
    judge: (f) => {
      const { frozen } = valuesOf(f);
      if (!frozen) return notRun("The frozen experiment");
      const live = comparisonOf(f, frozen.liveE2kd, frozen.liveKd, "mapCosine");
      const judged = above(f, frozen.e2kd, frozen.kd, "mapCosine");
      return live ? { ...judged, measured: `${judged.measured} (live: ${difference(live)})` } : judged;
    },
  },
];
