/**
 * Frozen explanations: the teacher's logits and maps are computed once per picture, as it is. Where the student's pictures
 * are augmented, map and picture lie on top of each other in one example, so that one crop or flip moves both; the logits
 * stay those of the whole picture. Only geometric steps are allowed: a map knows nothing of colours or mixtures.
 *
 * The label of a stacked example is its row, by which the loss finds logits and label; what a batch holds stays as it is.
 */
import type { AugmentSpec } from "../../data/augment.ts";
import { type ArrayDataset, countOf, sizeOf } from "../../data/dataset.ts";
import { fail } from "../../errors.ts";
import { type Loss, tapOf, teacherTargets } from "../../teaching/losses/loss.ts";
import type { StoredTargets } from "../../teaching/targets.ts";
import { constant, gather, host } from "../../tensor/index.ts";
import { EXPLANATION } from "./explain/teacher.ts";
import { STACKED } from "./explain/watch.ts";

const GEOMETRIC = ["crop", "flip", "affine"];

/** @throws E_EXPLAIN for an augmentation that is not geometric */
export function needGeometric(augment: AugmentSpec): void {
  const other = augment.find(({ kind }) => !GEOMETRIC.includes(kind));
  if (other) {
    fail(
      "E_EXPLAIN",
      `Frozen explanations cannot follow the augmentation "${other.kind}".`,
      `Use ${GEOMETRIC.join(", ")}, or the teacher itself.`,
    );
  }
}

/**
 * Examples `[C + m, H, W]`, f32: the picture in 0..1 and the map `[m, H, W]` on it; label = row.
 * @throws E_EXPLAIN for maps of another size than the pictures
 */
export function stack(data: ArrayDataset, stored: StoredTargets): ArrayDataset {
  const [channels = 1, height = 1, width = 1] = data.inputShape;
  const { shape, data: maps } = stored.get(EXPLANATION)!;
  const [own = 1, h, w] = shape;
  if (h !== height || w !== width) {
    fail(
      "E_EXPLAIN",
      `Maps of ${h} x ${w} do not lie on pictures of ${height} x ${width}.`,
      "Compare at picture size.",
    );
  }
  const count = countOf(data);
  const [picture, map] = [sizeOf(data), own * height * width];
  const inputs = new Float32Array(count * (picture + map));
  const scale = data.inputs instanceof Uint8Array ? 1 / 255 : 1;
  for (let i = 0; i < count; i++) {
    const at = i * (picture + map);
    for (let j = 0; j < picture; j++) inputs[at + j] = data.inputs[i * picture + j]! * scale;
    inputs.set(maps.subarray(i * map, (i + 1) * map), at + picture);
  }
  const { normalise: _, ...rest } = data;
  const labels = Int32Array.from({ length: count }, (_v, i) => i);
  return { ...rest, inputs, inputShape: [channels + own, height, width], labels };
}

/** A loss for stacked examples from one for teachers: targets are the rows of `stored` and the map that came along. */
export function fromStack(inner: Loss, stored: StoredTargets, { labels }: Pick<ArrayDataset, "labels">): Loss {
  const { shape, data } = stored.get("logits")!;
  const logits = constant(host(data, [labels.length, ...shape]));
  const truth = constant(host(labels));
  return (outputs, _targets, batch) => {
    const map = tapOf(outputs, STACKED, "student");
    const targets = teacherTargets({ logits: gather(logits, batch.labels), taps: new Map([[EXPLANATION, map]]) });
    return inner(outputs, targets, { ...batch, labels: gather(truth, batch.labels) });
  };
}
