/** Gradient clipping by the global norm (Pascanu et al. 2013), as torch.nn.utils.clip_grad_norm_. */
import type { Tensor } from "../../tensor/index.ts";
import { sumOfSquares } from "../../tensor/ops/index.ts";

/** Rows that a vector is summed in: long enough for the kernel, short enough for f32. */
const [SHORTEST, LONGEST] = [64, 8192];

/** The L2 norm of a flat vector: row sums of squares, whose sum loses no digits that matter; one pass over the memory. */
export function globalNorm(vector: Tensor): Tensor {
  const [n] = vector.dims as [number];
  let row = Math.min(LONGEST, n);
  while (row >= SHORTEST && n % row !== 0) row--;
  // A size without such a divisor is a rare one, or a small model's.
  if (row < SHORTEST) return vector.mul(vector).sum().sqrt();
  return sumOfSquares(vector.reshape([-1, row]), 1)
    .sum()
    .sqrt();
}

/** g · min(1, max / (‖g‖ + 1e-6)), and ‖g‖ before clipping. The 1e-6 is PyTorch's. */
export function clipByGlobalNorm(grads: Tensor, max: number): { grads: Tensor; norm: Tensor } {
  const norm = globalNorm(grads);
  return { grads: grads.mul(norm.add(1e-6).reciprocal().mul(max).minimum(1)), norm };
}
