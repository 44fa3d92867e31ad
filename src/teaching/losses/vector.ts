/** Small numerics that several losses share; each is finite, with a finite gradient, for any finite input. */
import { minimum, type Tensor } from "../../tensor/index.ts";

/** Squared norms below this count as zero: its root, 1e-12, is the clamp PyTorch's `normalize` uses. */
const TINY_SQUARE = 1e-24;

/** Euclidean norm along the last axis, kept: `[..., d] -> [..., 1]`. The square root has no pole at zero vectors. */
export function norm(x: Tensor): Tensor {
  return x.square().sum(-1, true).add(TINY_SQUARE).sqrt();
}

/** Vectors of length 1 along the last axis (zero stays zero). */
export function unit(x: Tensor): Tensor {
  return x.div(norm(x));
}

/** Smooth L1 with beta 1 (Girshick 2015), element by element: x²/2 for |x| < 1, |x| - 1/2 beyond. */
export function smoothL1(x: Tensor): Tensor {
  const size = x.abs();
  const capped = minimum(size, 1);
  // capped·(2|x| - capped)/2 is both branches at once.
  return capped.mul(size.mul(2).sub(capped)).mul(0.5);
}

/** Σ p (log p - log q) along the last axis from log-probabilities; `[..., C] -> [...]`, nats. */
export function klFromLogs(logP: Tensor, logQ: Tensor): Tensor {
  return logP.exp().mul(logP.sub(logQ)).sum(-1);
}
