/**
 * Adam (Kingma & Ba 2015) and AdamW (Loshchilov & Hutter 2019), with PyTorch's trajectories.
 *
 * The slots hold Σ β₁ⁿ⁻ⁱ gᵢ and Σ β₂ⁿ⁻ⁱ gᵢ², that is m/(1-β₁) and v/(1-β₂): the factors go into the scalars of the
 * step, which saves three passes over the vector. Multiply by them to exchange optimiser states with others.
 */
import type { Operand, Tensor } from "../../tensor/index.ts";
import { type CommonOptions, decayOf, type Optimiser, ratesOf, scheduleOf, withL2 } from "./optimiser.ts";

export interface AdamOptions extends CommonOptions {
  readonly betas?: readonly [number, number];
  readonly eps?: number;
}

/** Adam: the weight decay (default 0) is part of the gradient. Two slots. */
export function adam(options: AdamOptions): Optimiser {
  const decay = () => decayOf(options);
  return make("adam", options, (params, grads) => ({ params, grads: withL2(grads, params, decay()) }));
}

/** AdamW: the parameters shrink by lr·λ (default 0.01, as PyTorch's) besides the step. Two slots. */
export function adamw(options: AdamOptions): Optimiser {
  const decay = () => decayOf({ weightDecay: 0.01, ...options });
  return make("adamw", options, (params, grads, lr) => {
    const by = decay();
    return { grads, params: by === 0 ? params : params.mul(one(lr, by)) };
  });
}
const one = (lr: Tensor, by: Operand): Tensor => lr.mul(by).neg().add(1);

function make(
  name: string,
  { lr: rate, betas: [b1, b2] = [0.9, 0.999], eps = 1e-8, ...options }: AdamOptions,
  decayed: (params: Tensor, grads: Tensor, lr: Tensor) => { params: Tensor; grads: Tensor },
): Optimiser {
  return {
    name,
    slots: 2,
    lr: scheduleOf(rate),
    update({ params: p, grads: g, slots: [m0, v0], step, lr: given }) {
      const lr = ratesOf(given, options);
      const { params, grads } = decayed(p, g, lr);
      const m = m0!.mul(b1).add(grads);
      const v = v0!.mul(b2).add(grads.mul(grads));
      // m̂ = m·a and √v̂ = √v·b; in f64, because 1-β₂ⁿ loses four digits in f32 at the first steps.
      const n = step.cast("f64");
      const a = corrected(n, b1);
      const b = corrected(n, b2).sqrt();
      const rate = a.div(b).cast(p.dtype).mul(lr);
      const floor = b.reciprocal().mul(eps).cast(p.dtype);
      return { params: params.sub(m.mul(rate).div(v.sqrt().add(floor))), slots: [m, v] };
    },
  };
}

/** (1-β) / (1-βⁿ). */
function corrected(n: Tensor, beta: number): Tensor {
  const power = beta === 0 ? n.mul(0) : n.mul(Math.log(beta)).exp();
  return power
    .neg()
    .add(1)
    .reciprocal()
    .mul(1 - beta);
}
