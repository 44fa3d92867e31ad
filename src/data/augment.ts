/**
 * Keyed augmentation: a JSON-serialisable list of steps, applied to a batch as a pure function.
 *
 * What happens to an example depends on (key, epoch, example id, place of the step) and on nothing else, so the same
 * example gets the same picture in whatever batch, worker or resumed run it turns up. The teacher store relies on that:
 * stored teacher answers are addressed by example and augmentation, not by batch. No Node imports.
 */
import { z } from "zod";
import { fail } from "../errors.ts";
import { fold, type Key, uniform } from "../tensor/random.ts";
import { cropShifted, cutSquare, flipRows, type Pixels, type Plane, warpAffine } from "./augment-pixels.ts";
import { type ArrayDataset, countOf, emptyLike, sizeOf } from "./dataset.ts";
import { beta, blend } from "./mixup.ts";

const crop = z.strictObject({
  kind: z.literal("crop"),
  pad: z.int().min(1).describe("pixels of zero padding on every side before the random crop back to the old size"),
});
const flip = z.strictObject({
  kind: z.literal("flip"),
  chance: z.number().min(0).max(1).default(0.5).describe("probability of a left-right mirror image"),
});
const affine = z.strictObject({
  kind: z.literal("affine"),
  rotate: z.number().min(0).max(180).default(0).describe("largest rotation to either side, degrees"),
  shift: z.number().min(0).max(1).default(0).describe("largest shift to either side, share of the picture's side"),
  scale: z.number().min(0).max(0.9).default(0).describe("largest relative change of size; 0.1 means 0.9 to 1.1"),
  shear: z.number().min(0).max(80).default(0).describe("largest horizontal shear to either side, degrees"),
});
const cutout = z.strictObject({
  kind: z.literal("cutout"),
  size: z.int().min(1).describe("side of the square that is set to zero, pixels; it may hang over the border"),
});
const mixup = z.strictObject({
  kind: z.literal("mixup"),
  alpha: z.number().positive().default(0.2).describe("weights are drawn from Beta(alpha, alpha)"),
});

/** Schema of an augmentation; one `mixup` at most, and last, because it turns one label into two. */
export const augmentSchema = z
  .array(z.discriminatedUnion("kind", [crop, flip, affine, cutout, mixup]))
  .refine((steps) => steps.every((step, i) => step.kind !== "mixup" || i === steps.length - 1), {
    error: "mixup must be the last step and may occur once",
  });

/** An augmentation as written by a user: defaults may be missing. */
export type AugmentSpec = readonly z.input<typeof augmentSchema>[number][];
type Step = z.output<typeof augmentSchema>[number];

/** Soft labels of a mixed batch: example i is `lambda[i]` itself and `1 - lambda[i]` the example `ids[i]` with label `y[i]`. */
export interface Mix {
  readonly lambda: Float32Array;
  readonly ids: Int32Array;
  readonly y: Int32Array;
}

/** Checks a specification and fills in defaults. @throws E_DATA_AUGMENT with the offending step and field. */
export function parseAugment(spec: unknown): Step[] {
  const result = augmentSchema.safeParse(spec);
  if (result.success) return result.data;
  const issues = result.error.issues.map(({ path, message }) => (path.length ? `[${path.join(".")}] ` : "") + message);
  return fail(
    "E_DATA_AUGMENT",
    `The augmentation ${JSON.stringify(spec)} is not valid: ${issues.join("; ")}.`,
    'Steps are crop, flip, affine, cutout and mixup, for example [{"kind":"crop","pad":4},{"kind":"flip"}].',
  );
}

/** Augments `x` (`[ids.length, ...inputShape]`) in place. Returns the mixture when the specification has a mixup. */
export type ApplyAugment = (x: Pixels, ids: Int32Array, epoch: number) => Mix | undefined;

/**
 * Compiles a specification for one dataset. The dataset is needed for its shape and as the pool of mixup partners.
 * @throws E_DATA_AUGMENT when the specification is invalid or needs pictures and the examples are none.
 */
export function prepareAugment(
  spec: AugmentSpec,
  dataset: Pick<ArrayDataset, "inputs" | "inputShape" | "labels">,
  key: Key,
): ApplyAugment {
  const steps = parseAugment(spec);
  if (steps.length === 0) return () => undefined;
  const spatial = steps.some((step) => step.kind !== "mixup");
  if (spatial && dataset.inputShape.length !== 3) {
    fail(
      "E_DATA_AUGMENT",
      `Augmentations of pictures were asked for, but one example has the shape [${dataset.inputShape}].`,
      "Pictures have three axes, [channels, height, width]; other data can only use mixup.",
    );
  }
  const size = sizeOf(dataset);
  const [channels = 1, height = 1, width = 1] = dataset.inputShape;
  const scratch = emptyLike(dataset.inputs, size);
  const partner = emptyLike(dataset.inputs, size);
  const mixing = steps.at(-1)?.kind === "mixup" ? (steps.at(-1) as z.output<typeof mixup>) : undefined;
  const pixelSteps = steps.filter((step) => step.kind !== "mixup");

  const alter = (pixels: Pixels, exampleKey: Key): void => {
    const plane: Plane = { pixels, scratch, channels, height, width };
    pixelSteps.forEach((step, i) => {
      applyStep(step, plane, fold(exampleKey, i));
    });
  };

  return (x, ids, epoch) => {
    const epochKey = fold(key, epoch);
    const mix = mixing && {
      lambda: new Float32Array(ids.length),
      ids: new Int32Array(ids.length),
      y: new Int32Array(ids.length),
    };
    for (let i = 0; i < ids.length; i++) {
      const pixels = x.subarray(i * size, (i + 1) * size);
      const exampleKey = fold(epochKey, ids[i]!);
      alter(pixels, exampleKey);
      if (!mix) continue;
      const mixKey = fold(exampleKey, "mixup");
      const other = Math.floor(uniform(fold(mixKey, 0), 1)[0]! * countOf(dataset));
      const lambda = beta(fold(mixKey, 1), mixing.alpha);
      partner.set(dataset.inputs.subarray(other * size, (other + 1) * size));
      alter(partner, fold(epochKey, other));
      blend(pixels, partner, lambda);
      mix.lambda[i] = lambda;
      mix.ids[i] = other;
      mix.y[i] = dataset.labels[other]!;
    }
    return mix;
  };
}

function applyStep(step: Exclude<Step, { kind: "mixup" }>, plane: Plane, key: Key): void {
  const u = uniform(key, 6);
  const around = (i: number, size: number) => (2 * u[i]! - 1) * size;
  const below = (i: number, n: number) => Math.floor(u[i]! * n);
  if (step.kind === "crop") {
    cropShifted(plane, below(0, 2 * step.pad + 1) - step.pad, below(1, 2 * step.pad + 1) - step.pad);
  } else if (step.kind === "flip") {
    if (u[0]! < step.chance) flipRows(plane);
  } else if (step.kind === "cutout") {
    cutSquare(plane, below(0, plane.width), below(1, plane.height), step.size);
  } else {
    warpAffine(plane, {
      rotate: around(0, step.rotate),
      shiftX: around(1, step.shift) * plane.width,
      shiftY: around(2, step.shift) * plane.height,
      scale: 1 + around(3, step.scale),
      shear: around(4, step.shear),
    });
  }
}
