/**
 * How models are trained when nobody says: a table of recipes by kind of data. Tuned on validation parts, never on
 * test parts; the figures stand beside each number.
 */
import type { AugmentSpec } from "../../data/augment.ts";
import { type ArrayDataset, countOf } from "../../data/dataset.ts";
import { adamw, type Model, maskOf, type Optimiser, schedules } from "../../nn/index.ts";

export interface Recipe {
  readonly epochs: number;
  readonly batchSize: number;
  /** Peak of the learning rate. */
  readonly rate: number;
  readonly decay: number;
  readonly augment: AugmentSpec;
}

export interface Recipes {
  readonly teacherModel: string;
  readonly studentModel: string;
  readonly teacher: Recipe;
  readonly student: Recipe;
}

/** Below this many examples an epoch is short: more of them. */
const SMALL = 20_000;

/** The recipes for a data set. */
export function recipesFor(data: ArrayDataset): Recipes {
  const pictures = data.inputShape.length === 3;
  const small = countOf(data) < SMALL;
  const batchSize = Math.min(128, countOf(data));
  if (!pictures) {
    return {
      teacherModel: "mlp-large",
      studentModel: "mlp-tiny",
      teacher: { epochs: small ? 20 : 8, batchSize, rate: 1e-3, decay: 0.01, augment: [] },
      student: { epochs: small ? 20 : 8, batchSize, rate: 3e-3, decay: 0.01, augment: [] },
    };
  }
  return {
    teacherModel: small ? "cnn-medium" : "cnn-large",
    studentModel: "cnn-tiny",
    teacher: { epochs: 8, batchSize, rate: 3e-3, decay: 0.05, augment: teacherAugment(data) },
    student: { epochs: 8, batchSize, rate: 6e-3, decay: 0.01, augment: [] },
  };
}

/** Shifts by two pixels; mirror images only where a mirrored picture keeps its meaning (no drawn or written signs). */
function teacherAugment({ name }: ArrayDataset): AugmentSpec {
  const signs = /digits|mnist(?!.*fashion)/i.test(name) && !/fashion/i.test(name);
  return signs ? [{ kind: "crop", pad: 2 }] : [{ kind: "crop", pad: 2 }, { kind: "flip" }];
}

/** AdamW with a short warm-up and half a cosine; biases and norms do not decay. */
export function optimiserFor(model: Model, { rate, decay }: Recipe, steps: number, extra = 0): Optimiser {
  const warm = Math.max(1, Math.round(steps * 0.05));
  const lr = schedules.warmup(warm, schedules.cosine(rate, Math.max(1, steps - warm)));
  const own = maskOf(model.params, (_path, shape) => shape.length > 1);
  const decayMask = new Float32Array(own.length + extra);
  decayMask.set(own);
  return adamw({ lr, weightDecay: decay, decayMask });
}
