/**
 * Scenes with a shortcut, in the spirit of Waterbirds (Sagawa et al., ICLR 2020): an object near the centre that defines
 * the label, and a striped patch in a corner that gives it away. Every class has a code of stripes; what the patch
 * says is
 * - "free": any class, whatever the object: the patch is worthless (a robust teacher learns here),
 * - "true": the object's class, always: looking at the patch is enough (students learn here),
 * - "false": any class but the object's: following the patch is always wrong.
 *
 * The object is a picture of the base data at half size, so the box it lies in is known. A scene is a pure function of
 * (key, index); class names and the number of classes stay those of the base data, so any model for it reads scenes.
 */
import { type ArrayDataset, countOf, sizeOf, take } from "../../data/dataset.ts";
import { fail } from "../../errors.ts";
import { fold, type Key, uniform } from "../../tensor/random.ts";
import { CODES, stripe } from "./stripes.ts";

export type Patch = "free" | "true" | "false";

/** `[top, left, bottom, right)` in pixels. */
export type Box = readonly [top: number, left: number, bottom: number, right: number];

export interface Scenes {
  readonly data: ArrayDataset;
  /** Of the object, one per example. */
  readonly boxes: readonly Box[];
  /** Class that the patch stands for, one per example. */
  readonly codes: Int32Array;
}

/** Largest displacement of the object from the centre, pixels. */
const JITTER = 1;
/** Grey levels of the stripes: as bright as the objects, and never quite black. */
const [DARK, BRIGHT] = [40, 230];
/** Round numbers near those of scenes: teachers and students of all parts shall read them alike. */
const [MEAN, DEVIATION] = [0.15, 0.25];

/** @throws E_EXPLAIN for data without pictures, or without room for object and patch */
export function scenes(base: ArrayDataset, classes: number, patch: Patch, key: Key): Scenes {
  const [channels = 1, height = 0, width = 0] = base.inputShape;
  if (base.inputShape.length !== 3 || height < 12 || width < 12) {
    fail(
      "E_EXPLAIN",
      `Scenes are made of pictures of at least 12 x 12 pixels; "${base.name}" has the shape [${base.inputShape}].`,
      "Use larger pictures, or leave the experiment out: --experiments few-shot,frozen.",
    );
  }
  if (classes < 2 || classes > Math.min(CODES, base.classes.length)) {
    fail(
      "E_OPTION",
      `${classes} classes of scenes were asked for.`,
      `Use 2 to ${Math.min(CODES, base.classes.length)} with "${base.name}".`,
    );
  }
  const chosen = Array.from(base.labels.keys()).filter((i) => base.labels[i]! < classes);
  const from = take(base, chosen, `${base.name}, patch ${patch}`);
  const count = countOf(from);
  const size = sizeOf(from);
  const bright = from.inputs instanceof Uint8Array ? 1 : 1 / 255;
  const inputs = from.inputs instanceof Uint8Array ? new Uint8Array(count * size) : new Float32Array(count * size);
  const boxes: Box[] = [];
  const codes = new Int32Array(count);
  const [h, w] = [height >> 1, width >> 1];
  const side = Math.floor(Math.min(height, width) / 4);
  for (let i = 0; i < count; i++) {
    const u = uniform(fold(key, i), 5);
    const whole = (k: number, below: number) => Math.min(below - 1, Math.floor(u[k]! * below));
    const top = ((height - h) >> 1) - JITTER + whole(0, 2 * JITTER + 1);
    const left = ((width - w) >> 1) - JITTER + whole(1, 2 * JITTER + 1);
    boxes.push([top, left, top + h, left + w]);
    codes[i] = codeOf(patch, from.labels[i]!, classes, whole(2, classes), whole(3, Math.max(1, classes - 1)));
    const corner = whole(4, 4);
    const [y0, x0] = [corner & 1 ? height - side : 0, corner & 2 ? width - side : 0];
    for (let c = 0; c < channels; c++) {
      const at = i * size + c * height * width;
      for (let y = 0; y < side; y++)
        for (let x = 0; x < side; x++)
          inputs[at + (y0 + y) * width + x0 + x] = (stripe(codes[i]!, y, x) ? BRIGHT : DARK) * bright;
      for (let y = 0; y < h; y++)
        for (let x = 0; x < w; x++) {
          const p = at + 2 * y * width + 2 * x;
          const { inputs: v } = from;
          inputs[at + (top + y) * width + left + x] = (v[p]! + v[p + 1]! + v[p + width]! + v[p + width + 1]!) / 4;
        }
    }
  }
  return { data: { ...likeScenes(from), inputs }, boxes, codes };
}

function codeOf(patch: Patch, label: number, classes: number, any: number, other: number): number {
  if (patch === "true") return label;
  return patch === "free" ? any : (label + 1 + other) % classes;
}

/** The data as a network for scenes sees them: same shape and classes, the statistics of scenes. */
export function likeScenes(base: ArrayDataset): ArrayDataset {
  const perChannel = (value: number) => Array<number>(base.inputShape[0]!).fill(value);
  return { ...base, normalise: { mean: perChannel(MEAN), std: perChannel(DEVIATION) } };
}
