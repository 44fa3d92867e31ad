/**
 * Optimisers as graph builders over flat vectors: ten or so element-wise nodes whatever the number of layers.
 * Everything that is a function of the step alone (bias corrections, learning rate) is folded into scalars first,
 * because a pass over the vector costs a thousand times a scalar. Semantics are PyTorch's.
 */
import { constant } from "../../tensor/graph.ts";
import { host, type Operand, type Tensor } from "../../tensor/index.ts";
import { constant as always, type Schedule } from "../schedules.ts";

export interface UpdateInput {
  /** [n] */
  readonly params: Tensor;
  /** [n] */
  readonly grads: Tensor;
  /** `slots` vectors [n], zeros before the first step. */
  readonly slots: readonly Tensor[];
  /** Number of this update, from 1; a scalar. */
  readonly step: Tensor;
  /** Learning rate of this update; a scalar. */
  readonly lr: Tensor;
}

export interface Optimiser {
  readonly name: string;
  /** How many state vectors it keeps. */
  readonly slots: number;
  /** Learning rate of step 1, 2, ...: evaluated outside the graph and passed in. */
  readonly lr: Schedule;
  update(input: UpdateInput): { params: Tensor; slots: readonly Tensor[] };
}

export interface CommonOptions {
  /** A number, or a function of the step (see schedules.ts). */
  readonly lr: number | Schedule;
  readonly weightDecay?: number;
  /** Factor on the weight decay per parameter, [n] (see `maskOf`); everything decays where it is not given. */
  readonly decayMask?: Float32Array;
  /** Factor on the learning rate per parameter, [n] (for rates that depend on width: Yang et al. 2022); 1 where not given. */
  readonly rateScale?: Float32Array;
}

export function scheduleOf(lr: number | Schedule): Schedule {
  return typeof lr === "number" ? always(lr) : lr;
}

/** The learning rate of each parameter: `lr` itself, or a vector. */
export function ratesOf(lr: Tensor, { rateScale }: Pick<CommonOptions, "rateScale">): Tensor {
  return rateScale ? constant(host(rateScale)).cast(lr.dtype).mul(lr) : lr;
}

/** The decay as an operand: a number, or a constant vector. */
export function decayOf({ weightDecay = 0, decayMask }: CommonOptions): Operand {
  return decayMask && weightDecay !== 0 ? constant(host(decayMask.map((m) => m * weightDecay))) : weightDecay;
}

/** g + λ p: L2 regularisation as part of the gradient. */
export function withL2(grads: Tensor, params: Tensor, decay: Operand): Tensor {
  return decay === 0 ? grads : grads.add(params.mul(decay));
}
