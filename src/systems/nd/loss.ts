/**
 * From an arm to its loss: cross-entropy, the loss under study with its warm-up, and the term on the embedding. A
 * weight of 0 leaves a part out of the graph, so λ = 0 is the loss without ND bit for bit.
 */
import {
  crossEntropy,
  dist,
  dkd,
  kd,
  type Loss,
  type TapShapes,
  type Weighted,
  weighted,
} from "../../teaching/losses/index.ts";
import type { Outputs, Targets } from "../../teaching/losses/loss.ts";
import { reviewKd } from "../../teaching/losses/reviewkd.ts";
import { pairStages } from "../../teaching/losses/taps.ts";
import type { Arm } from "./arms.ts";
import { termLoss } from "./terms.ts";
import { epochWarmUp } from "./warmup.ts";

export interface Sides {
  /** Taps of student and teacher by path, the student's without its adapter. */
  readonly student: TapShapes;
  readonly teacher: TapShapes;
  /** Paths of the embeddings as the models have them. */
  readonly embedding: { readonly student: string; readonly teacher: string };
  /** Path of the student's embedding in the teacher's width. */
  readonly aligned: string;
  readonly epochs: number;
}

/** @throws E_TAP where ReviewKD finds no feature maps */
export function armLoss(arm: Arm, sides: Sides): Loss {
  const { base, labels, weight, warmUp, term, lambda } = arm;
  const terms: Record<string, Weighted<Outputs, Targets>> = { ce: [labels, crossEntropy()] };
  if (base !== "ce") {
    const loss = baseLoss(arm, sides);
    terms[base] = [weight, warmUp ? epochWarmUp(sides.epochs, loss) : loss];
  }
  terms[term] = [lambda, termLoss(term, { student: sides.aligned, teacher: sides.embedding.teacher })];
  return weighted(terms);
}

function baseLoss({ base, parts }: Arm, sides: Sides): Loss {
  if (base === "dkd") return dkd(parts);
  // β = γ = τ = 1, as in the reference's DIST++.
  if (base === "dist") return dist();
  if (base === "reviewkd") return reviewKd({ ...sides.embedding, maps: stages(sides) });
  return kd();
}

/** Stages that ReviewKD reviews beside the pooled embedding: a third one, at full resolution, costs as much as all else. */
const STAGES = 2;

/** The deepest stages; the teacher's maps are taken before their ReLU, as in mdistiller. */
const stages = ({ student, teacher }: Pick<Sides, "student" | "teacher">) =>
  pairStages(student, teacher, "teacher").slice(-STAGES);

/** The teacher's taps that an arm reads. Feature maps are too large to be stored: such an arm runs its teacher. */
export function teacherTaps({ base }: Arm, sides: Pick<Sides, "student" | "teacher" | "embedding">) {
  const maps = base === "reviewkd" ? stages(sides).map(([, teacher]) => teacher) : [];
  return { taps: [...new Set([sides.embedding.teacher, ...maps])], live: maps.length > 0 };
}
