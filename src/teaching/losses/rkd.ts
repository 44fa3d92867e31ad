/**
 * Relational knowledge distillation (Park et al., CVPR 2019): distances and angles between the examples of a batch.
 *
 * Distance: D = pairwise Euclidean distances divided by the mean of the positive ones (the student's mean is
 * differentiated too); smooth L1 of D_s - D_t, mean over B². Angle: cosines ⟨e_ij, e_kj⟩ of unit differences
 * e_ij = (f_i - f_j)/‖f_i - f_j‖; smooth L1, mean over B³. Widths may differ: relations have none. Memory is B³ floats
 * (8 MB for 128 examples, 64 MB for 256).
 */
import { matmul, type Tensor } from "../../tensor/index.ts";
import { type Loss, tapOf } from "./loss.ts";
import { smoothL1 } from "./vector.ts";

export interface RkdOptions {
  /** Taps of both sides; taken per example and flattened. */
  readonly student: string;
  readonly teacher: string;
  readonly distance?: number;
  readonly angle?: number;
}

/** Squared distances up to this are "the same point": no direction, no gradient. */
const SAME_POINT = 1e-12;

export function rkd({ student, teacher, distance = 25, angle = 50 }: RkdOptions): Loss {
  return (outputs, targets) => {
    const s = relations(tapOf(outputs, student, "student"));
    const t = relations(tapOf(targets, teacher, "teacher"));
    const distanceLoss = smoothL1(s.distances.sub(t.distances)).mean();
    const angleLoss = smoothL1(s.angles.sub(t.angles)).mean();
    return {
      loss: distanceLoss.mul(distance).add(angleLoss.mul(angle)),
      parts: { distance: distanceLoss, angle: angleLoss },
    };
  };
}

/** Relative distances `[B, B]` and cosines `[B (corner j), B (i), B (k)]`. */
function relations(features: Tensor): { distances: Tensor; angles: Tensor } {
  const f = features.rank === 2 ? features : features.flatten(1);
  const difference = f.expandDims(0).sub(f.expandDims(1)); // [j, i, :] = f_i - f_j
  const square = difference.square().sum(-1);
  const apart = square.gt(SAME_POINT);
  const kept = apart.cast(f.dtype);
  const length = apart.where(square, 1).sqrt();
  const raw = length.mul(kept);
  const mean = raw.sum().div(kept.sum().maximum(1));
  // All points equal: 0 / 1, not 0 / 0.
  const distances = raw.div(mean.gt(0).where(mean, 1));
  const directions = difference.div(length.expandDims(-1)).mul(kept.expandDims(-1));
  return { distances, angles: matmul(directions, directions, { transB: true }) };
}
