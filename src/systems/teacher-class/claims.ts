/**
 * What is claimed of the method, judged from the numbers. The first group must hold at this scale; the second is
 * reported whatever its sign, because the paper does not compare with these baselines.
 */
import { above, meanOf, notRun } from "../kit/judge.ts";
import type { Claim } from "../system.ts";
import {
  climbing,
  copied,
  eightOverOne,
  every,
  fine,
  gracefully,
  largest,
  tuned,
  valuesOf,
  withFew,
  withinMargin,
} from "./judgements.ts";
import { ensembleArm, fewArm, scratchArm, TAUGHT_ARM, TEACHER_Z_ARM } from "./names.ts";

const NOT_COMPARED = "not compared";

export const claims: readonly Claim[] = [
  {
    id: "r2-monotone",
    text: "Students of one size: the more of them, the better the embedding is met.",
    paper: "more students, smaller chunks, better results",
    criterion: "R² rises from each size of class to the next: every 95 % interval of the paired difference above 0",
    judge: (f) => climbing(f, "r2", fine),
  },
  {
    id: "copied-monotone",
    text: "Students of one size: the more of them, the more accurate is the class that has seen no label.",
    paper:
      "more students, better results; the stored outputs of its notebooks are not monotone for feed-forward students",
    criterion: "accuracy with the copied head rises from each size to the next: every interval above 0",
    judge: (f) => climbing(f, "accuracy", copied),
  },
  {
    id: "eight-copied",
    text: "Eight students beat one of them by 8 points without labels.",
    paper: NOT_COMPARED,
    criterion: "n = 8 − n = 1 with the copied head: interval above 8 points",
    judge: (f) => eightOverOne(f, copied, 0.08),
  },
  {
    id: "eight-fine",
    text: "Eight students beat one of them by 2 points after fine-tuning.",
    paper: "Fashion-MNIST, feed-forward: 86.29 for n = 1 with another architecture, 86.15 for n = 8",
    criterion: "n = 8 − n = 1 after phase 3: interval above 2 points",
    judge: (f) => eightOverOne(f, fine, 0.02),
  },
  {
    id: "phases",
    text: "Each phase helps: fine-tuned above head tuned above copied head.",
    paper: "fine-tuning improves the combined network",
    criterion: "for every n both paired differences have their interval above 0",
    judge: (f) =>
      every(
        valuesOf(f).sizes.flatMap((n) => [
          [`n = ${n}, head`, above(f, tuned(n), copied(n), "accuracy")] as const,
          [`n = ${n}, all`, above(f, fine(n), tuned(n), "accuracy")] as const,
        ]),
      ),
  },
  {
    id: "few-labels",
    text: "With few labels and many inputs the class beats the same network trained on these labels by 3 points.",
    paper: NOT_COMPARED,
    criterion: "paired difference in test accuracy: interval above 3 points",
    judge: (f) =>
      withFew(f, (n, labels) => above(f, fewArm(n, labels, "class"), fewArm(n, labels, "labels"), "accuracy", 0.03)),
  },
  {
    id: "transfer",
    text: "A new head for another task, from few labels, is within 3 points of the same on the teacher's embedding.",
    paper: "a reusable representation",
    criterion: "class − teacher's embedding: interval above −3 points",
    judge: (f) => withFew(f, (n) => above(f, fine(n), TEACHER_Z_ARM, "otherAccuracy", -0.03)),
  },
  {
    id: "margin",
    text: "Ten times fewer parameters per device than the teacher, as near to its accuracy as in the paper.",
    paper: "10-30 times fewer parameters; Fashion-MNIST 92.39 → 85.27 (n = 4), MNIST 98.99 → 98.42",
    criterion:
      "largest class with ≥ 10 × fewer parameters per device: class − teacher above the paper's own difference",
    judge: withinMargin,
  },
  {
    id: "missing",
    text: "A class degrades step by step when students do not answer.",
    paper: NOT_COMPARED,
    criterion: "mean accuracy falls with every further missing student, for every n",
    judge: gracefully,
  },
  {
    id: "single",
    text: "The class beats one student of its size that is trained by ordinary distillation.",
    paper: "better than the single-student approach",
    criterion: "largest class, fine-tuned − one student, KD: interval above 0",
    judge: (f) => largest(f, (n) => above(f, fine(n), TAUGHT_ARM, "accuracy")),
  },
  {
    id: "scratch",
    text: "With all labels the class beats the same network trained from labels alone.",
    paper: `${NOT_COMPARED}; not expected`,
    criterion: "largest class, fine-tuned − same network, same passes: interval above 0",
    judge: (f) => largest(f, (n) => above(f, fine(n), scratchArm(n), "accuracy")),
  },
  {
    id: "ensemble",
    text: "The class beats an ensemble of as many students, each taught by ordinary distillation.",
    paper: NOT_COMPARED,
    criterion: "largest class, fine-tuned − ensemble: interval above 0",
    judge: (f) => largest(f, (n) => above(f, fine(n), ensembleArm(n), "accuracy")),
  },
  {
    id: "label-free-kd",
    text: "With few labels the class beats the same network taught by the teacher's logits on all inputs, without labels.",
    paper: `${NOT_COMPARED}; distillation may win`,
    criterion: "paired difference in test accuracy: interval above 0",
    judge: (f) =>
      withFew(f, (n, labels) => above(f, fewArm(n, labels, "class"), fewArm(n, labels, "logits"), "accuracy")),
  },
  {
    id: "equal-total",
    text: "At equal total size a class beats one ordinary student of that size.",
    paper: `${NOT_COMPARED}; not expected`,
    criterion: "largest narrow class, fine-tuned − one student, KD: interval above 0",
    judge: (f) => {
      const n = valuesOf(f)
        .sizes.filter((size) => meanOf(f, fine(size, "total"), "accuracy") !== undefined)
        .at(-1);
      return n === undefined
        ? notRun("A class of equal total size")
        : above(f, fine(n, "total"), TAUGHT_ARM, "accuracy");
    },
  },
];
