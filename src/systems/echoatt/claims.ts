/** Claims about EchoAtt, judged by code from the numbers of the report. */
import { above, notRun } from "../kit/judge.ts";
import type { Claim, Findings, Judgement } from "../system.ts";
import type { SpeedFinding, Values } from "./conclude.ts";
import type { ArmName } from "./options.ts";
import { ARM_TITLES } from "./plan.ts";
import type { Speed } from "./speed.ts";

const valuesOf = ({ values }: Findings): Values => values as unknown as Values;
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

/** Interval above the bound: holds; below: fails. */
function within(measured: string, ci95: readonly [number, number] | null, bound: number, few: string): Judgement {
  if (!ci95) return { measured, verdict: "inconclusive", why: few };
  if (ci95[0] > bound) return { measured, verdict: "holds" };
  return ci95[1] < bound
    ? { measured, verdict: "fails", why: "The whole interval lies below." }
    : { measured, verdict: "inconclusive", why: `The interval holds ${bound}.` };
}

function faster(findings: Findings, kind: Speed, bound: number): Judgement {
  const { median, ci95, teacher, student }: SpeedFinding = valuesOf(findings).speed[kind];
  const interval = ci95 ? ` [${ci95[0].toFixed(3)}, ${ci95[1].toFixed(3)}]` : "";
  const measured = `${median.toFixed(3)} ×${interval}: ${Math.round(student)} against ${Math.round(teacher)} tokens/s`;
  return within(measured, ci95, bound, "Too few turns.");
}

/** `bound` nats of a − b that must be exceeded. The student's loss is lower by it where a is the other arm. */
const loss = (findings: Findings, a: ArmName | "before", b: ArmName, bound = 0): Judgement => {
  const name = a === "before" ? "teacher" : ARM_TITLES[a];
  const flipped = findings.comparisons.map((c) => ({
    ...c,
    a: c.b,
    b: c.a,
    values: c.values.map((v) => -v),
    mean: -c.mean,
    ci95: c.ci95 && ([-c.ci95[1], -c.ci95[0]] as [number, number]),
  }));
  return above({ ...findings, comparisons: flipped }, name, ARM_TITLES[b], "crossEntropy", bound);
};

export const claims: readonly Claim[] = [
  {
    id: "parameters",
    text: "Followers have no queries and keys: the student is at least 4 % smaller.",
    paper: "About 4 % fewer parameters (TinyLlama-1.1B; 9 of 22 layers would be 3.9 %).",
    criterion: "parameters fall by at least 4 %, exactly as the formula says",
    judge: (f) => {
      const { size } = valuesOf(f);
      const share = size.saved / size.teacher;
      const found = f.arms.find(({ name }) => name === ARM_TITLES.echo)?.params;
      const measured = `−${percent(share)} (${size.saved} of ${size.teacher})`;
      if (found !== undefined && found !== size.student) {
        return { measured, verdict: "fails", why: `The student has ${found} parameters.` };
      }
      return share >= 0.04 ? { measured, verdict: "holds" } : { measured, verdict: "fails", why: "Less than 4 %." };
    },
  },
  {
    id: "training-speed",
    text: "A training step is faster.",
    paper: "Training +25 % (TinyLlama-1.1B).",
    criterion: "median over the turns of the teacher's time by the student's above 1.20 (95 % interval of the median)",
    judge: (f) => faster(f, "training", 1.2),
  },
  {
    id: "decoding-speed",
    text: "Decoding with a cache is faster.",
    paper: "Inference +15 % (TinyLlama-1.1B).",
    criterion: "median over the turns of the teacher's time by the student's above 1.10 (95 % interval of the median)",
    judge: (f) => faster(f, "decoding", 1.1),
  },
  {
    id: "forward-speed",
    text: "A forward pass over whole rows is faster.",
    paper: "Inference +15 % (TinyLlama-1.1B).",
    criterion: "median over the turns of the teacher's time by the student's above 1.03 (95 % interval of the median)",
    judge: (f) => faster(f, "forward", 1.03),
  },
  {
    id: "cache",
    text: "The cache shrinks: followers keep values only.",
    paper: "Not in what we have of the paper; it follows from the method.",
    criterion: "bytes fall by half of the share of followers",
    judge: (f) => {
      const { cache, leaders } = valuesOf(f);
      const share = leaders.filter((leader, i) => leader !== i).length / leaders.length;
      const measured = `${cache.student} of ${cache.teacher} bytes per row (−${percent(1 - cache.student / cache.teacher)})`;
      return cache.student === cache.teacher * (1 - share / 2)
        ? { measured, verdict: "holds" }
        : { measured, verdict: "fails", why: `−${percent(share / 2)} was expected.` };
    },
  },
  {
    id: "quality",
    text: "After adjusting the student is as good as its teacher.",
    paper: "Zero-shot average a little above the teacher's (the student saw more tokens).",
    criterion: "loss of the teacher minus that of EchoAtt above −0.02 nats (95 % interval over seeds)",
    judge: (f) => loss(f, "before", "echo", -0.02),
  },
  {
    id: "fair-quality",
    text: "It is also close to the teacher that went on training on the same tokens.",
    paper: "Not compared.",
    criterion: "loss of the teacher trained on minus that of EchoAtt above −0.05 nats",
    judge: (f) => loss(f, "teacher", "echo", -0.05),
  },
  {
    id: "recovery",
    text: "Adjusting takes the damage of copying back.",
    paper: "Copying without distillation breaks the model.",
    criterion:
      "loss of the student not adjusted minus EchoAtt's above 0.3 nats, or at least 85 % of the damage recovered on every seed",
    judge: (f) => {
      const judged = loss(f, "none", "echo", 0.3);
      const { recovered } = valuesOf(f);
      if (!recovered) return judged;
      const measured = `${judged.measured}; ${recovered.map(percent).join(", ")} recovered`;
      if (recovered.length >= 3 && recovered.every((share) => share >= 0.85)) return { measured, verdict: "holds" };
      return { ...judged, measured };
    },
  },
  {
    id: "distillation",
    text: "Distillation does better than the same student on text alone, with the same tokens.",
    paper: "Distillation in the first stage is the method's third part.",
    criterion: "loss of the student on text alone minus EchoAtt's above 0, paired over seeds",
    judge: (f) => loss(f, "text", "echo"),
  },
  {
    id: "inheritance",
    text: "Inherited weights matter: from random values the same student is worse.",
    paper: "The student inherits the teacher's parameters.",
    criterion: "loss from random values minus EchoAtt's above 0.1 nats",
    judge: (f) => loss(f, "random", "echo", 0.1),
  },
  {
    id: "placement",
    text: "It matters which layers share: on unlike ones, the first and the last among them, it is worse.",
    paper: "Inner layers share, the first and last ones do not.",
    criterion: "loss with as many followers on the least similar layers minus EchoAtt's above 0",
    judge: (f) => loss(f, "unlike", "echo"),
  },
  {
    id: "copying",
    text: "A copied map is better than no attention at all in these layers.",
    paper: "Not compared.",
    criterion: "loss with the followers' attention dropped minus EchoAtt's above 0",
    judge: (f) => loss(f, "dropped", "echo"),
  },
  {
    id: "inner-layers",
    text: "Maps of inner layers are more alike than those of the first and last layers with any other.",
    paper: "Inner layers are alike, more so in larger models.",
    criterion: "mean likeness of inner pairs minus that of the other pairs above 0 (95 % interval over sequences)",
    judge: (f) => {
      const { innerMinusOuter: found } = valuesOf(f);
      if (!found) return notRun("A pair of inner layers");
      return within(`${found.mean.toFixed(3)} in cosine`, found.ci95, 0, "One sequence only.");
    },
  },
  {
    id: "damage-grows",
    text: "Longer blocks cost more before adjusting.",
    paper: "Shared fractions of 23, 41 and 77 % lose more and more.",
    criterion: "the loss that is not adjusted rises with every longer block that adds followers",
    judge: (f) => {
      const { damage } = valuesOf(f);
      if (damage.length < 3) return notRun("More than two lengths");
      const measured = damage.map((d) => `k=${d.length}: ${d.crossEntropy.toFixed(3)}`).join(", ");
      const rises = damage.every(
        (d, i) => i === 0 || d.followers <= damage[i - 1]!.followers || d.crossEntropy > damage[i - 1]!.crossEntropy,
      );
      return rises ? { measured, verdict: "holds" } : { measured, verdict: "fails", why: "Not at every length." };
    },
  },
];
