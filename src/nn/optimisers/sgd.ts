/** Stochastic gradient descent with momentum (Sutskever et al. 2013), as torch.optim.SGD with dampening 0. */
import { fail } from "../../errors.ts";
import { type CommonOptions, decayOf, type Optimiser, ratesOf, scheduleOf, withL2 } from "./optimiser.ts";

export interface SgdOptions extends CommonOptions {
  readonly momentum?: number;
  /** Looks ahead along the momentum. */
  readonly nesterov?: boolean;
}

/** g ← g + λp; b ← μb + g; p ← p - lr·b, or lr·(g + μb) with Nesterov. One slot (b) when μ > 0. */
export function sgd(options: SgdOptions): Optimiser {
  const { momentum = 0, nesterov = false } = options;
  if (nesterov && momentum === 0) fail("E_OPTION", "Nesterov needs a momentum.", "Set momentum, usually 0.9.");
  return {
    name: "sgd",
    slots: momentum === 0 ? 0 : 1,
    lr: scheduleOf(options.lr),
    update({ params, grads, slots, lr: given }) {
      const lr = ratesOf(given, options);
      const g = withL2(grads, params, decayOf(options));
      if (momentum === 0) return { params: params.sub(g.mul(lr)), slots: [] };
      const buffer = slots[0]!.mul(momentum).add(g);
      const direction = nesterov ? buffer.mul(momentum).add(g) : buffer;
      return { params: params.sub(direction.mul(lr)), slots: [buffer] };
    },
  };
}
