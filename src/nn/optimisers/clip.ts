/** Gradient clipping by the global norm (Pascanu et al. 2013), as torch.nn.utils.clip_grad_norm_. */
import type { Tensor } from "../../tensor/index.ts";

/** The L2 norm of a flat vector, as a dot product: one pass over the memory. */
export function globalNorm(vector: Tensor): Tensor {
  return vector
    .reshape([1, -1])
    .matmul(vector.reshape([-1, 1]))
    .reshape([])
    .sqrt();
}

/** g · min(1, max / (‖g‖ + 1e-6)), and ‖g‖ before clipping. The 1e-6 is PyTorch's. */
export function clipByGlobalNorm(grads: Tensor, max: number): { grads: Tensor; norm: Tensor } {
  const norm = globalNorm(grads);
  return { grads: grads.mul(norm.add(1e-6).reciprocal().mul(max).minimum(1)), norm };
}
