/** RMSProp (Tieleman & Hinton 2012), as torch.optim.RMSprop: ε outside the root, not centred. */
import { type CommonOptions, decayOf, type Optimiser, ratesOf, scheduleOf, withL2 } from "./optimiser.ts";

export interface RmsPropOptions extends CommonOptions {
  /** Decay of the mean square. */
  readonly alpha?: number;
  readonly eps?: number;
  readonly momentum?: number;
}

/** v ← αv + (1-α)g²; d = g/(√v + ε); b ← μb + d; p ← p - lr·b. One slot (v), two with momentum (b). */
export function rmsprop(options: RmsPropOptions): Optimiser {
  const { alpha = 0.99, eps = 1e-8, momentum = 0 } = options;
  return {
    name: "rmsprop",
    slots: momentum === 0 ? 1 : 2,
    lr: scheduleOf(options.lr),
    update({ params, grads, slots: [v0, b0], lr: given }) {
      const lr = ratesOf(given, options);
      const g = withL2(grads, params, decayOf(options));
      const v = v0!.mul(alpha).add(g.mul(g).mul(1 - alpha));
      const direction = g.div(v.sqrt().add(eps));
      if (momentum === 0) return { params: params.sub(direction.mul(lr)), slots: [v] };
      const buffer = b0!.mul(momentum).add(direction);
      return { params: params.sub(buffer.mul(lr)), slots: [v, buffer] };
    },
  };
}
