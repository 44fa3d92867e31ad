/**
 * ReviewKD (Chen et al., "Distilling Knowledge via Knowledge Review", CVPR 2021): every level of the teacher is taught
 * by the student's maps of that level and of all deeper ones.
 *
 * From the deepest level (the pooled embedding as a map of one position) to the shallowest, a block (ABF) makes
 * x' = BN(conv1×1(F_s)) of `mid` channels; below the deepest it mixes in y, the residual of the level above brought to
 * the level's size (nearest): [g, g'] = sigmoid(conv1×1([x', y])), x' ← g·x' + g'·y. The residual is x' at the teacher's
 * size, the block's answer BN(conv3×3(x')). L = Σ_levels HCL(answer, F_t): mean squared errors of the maps and of their
 * averages over 4×4, 2×2 and 1×1 cells, weighted 1, 1/2, 1/4, 1/8 and divided by the sum of the weights that apply.
 *
 * As in mdistiller: mid = min(512, width of the student's embedding), the teacher's maps before their last ReLU, weight
 * 1 (0.6 to 8 by pair of networks), growing over the first 20 of 240 epochs. Not 0 at student = teacher.
 */
import { concat, type Tensor } from "../../tensor/index.ts";
import { type AdapterScope, needAdapters } from "./adapter.ts";
import { batchNormalised, convolve } from "./adapter-layers.ts";
import { type Loss, tapOf } from "./loss.ts";
import { nearestTo, poolTo } from "./resize.ts";

export interface ReviewKdOptions {
  /** Tap paths of the pooled embeddings `[B, d]`. */
  readonly student: string;
  readonly teacher: string;
  /** Tap paths of the feature maps `[B, c, h, w]` at the ends of the stages, from shallow to deep. */
  readonly maps: readonly (readonly [student: string, teacher: string])[];
}

/** Cells of the pyramid beside the map itself. */
const CELLS = [4, 2, 1];
const WIDEST = 512;
/** Bound √3/√fan-in: PyTorch's kaiming_uniform_ with a = 1. */
const GAIN = Math.sqrt(3);

export function reviewKd({ student, teacher, maps }: ReviewKdOptions): Loss {
  return (outputs, targets, { adapters }) => {
    const scope = needAdapters(adapters, "ReviewKD reviews the student's maps through blocks of its own,");
    const deepest = asMap(tapOf(outputs, student, "student"));
    const levels = [
      { s: deepest, t: asMap(tapOf(targets, teacher, "teacher")) },
      ...maps.map(([s, t]) => ({ s: tapOf(outputs, s, "student"), t: tapOf(targets, t, "teacher") })).reverse(),
    ];
    const mid = Math.min(WIDEST, deepest.dims[1]!);
    const terms: Tensor[] = [];
    let above: Tensor | undefined;
    levels.forEach(({ s, t }, i) => {
      const { answer, residual } = fuse(scope.at(`level${levels.length - i}`), s, above, mid, t);
      above = residual;
      terms.push(hierarchical(answer, t));
    });
    const loss = terms.reduce((a, b) => a.add(b));
    return { loss, parts: { review: loss } };
  };
}

/** `[B, d] -> [B, d, 1, 1]`. */
function asMap(x: Tensor): Tensor {
  const flat = x.flatten(1);
  return flat.reshape([...flat.shape, 1, 1]);
}

/** Attention-based fusion: one block. */
function fuse(scope: AdapterScope, map: Tensor, above: Tensor | undefined, mid: number, target: Tensor) {
  const plain = { bias: false, gain: GAIN };
  const level = sizeOf(map);
  const wanted = sizeOf(target);
  // Fusion works place by place, so a map that will shrink is shrunk before it: the same numbers for less work.
  const size = wanted[0] <= level[0] && wanted[1] <= level[1] ? wanted : level;
  let x = nearestTo(batchNormalised(scope.at("norm1"), convolve(scope.at("conv1"), map, mid, plain)), size);
  if (above) {
    const y = nearestTo(above, level, size);
    const gates = convolve(scope.at("gate"), concat([x, y], 1), 2).sigmoid();
    const [own, other] = gates.split(1, [1, 1]) as [Tensor, Tensor];
    x = x.mul(own).add(y.mul(other));
  }
  const residual = nearestTo(x, wanted);
  const wide = convolve(scope.at("conv2"), residual, target.dims[1]!, { ...plain, kernel: 3 });
  return { answer: batchNormalised(scope.at("norm2"), wide), residual };
}

const sizeOf = (map: Tensor): readonly [height: number, width: number] => [map.dims[2]!, map.dims[3]!];

/** HCL, the hierarchical context loss of two maps of one shape. */
export function hierarchical(a: Tensor, b: Tensor): Tensor {
  const smallest = Math.min(a.dims[2]!, a.dims[3]!);
  const pools = CELLS.filter((cells) => cells < smallest);
  let total = a.sub(b).square().mean();
  let [weight, sum] = [1, 1];
  for (const cells of pools) {
    weight /= 2;
    sum += weight;
    const error = poolTo(a, cells, cells)
      .sub(poolTo(b, cells, cells))
      .square()
      .mean();
    total = total.add(error.mul(weight));
  }
  return total.div(sum);
}
