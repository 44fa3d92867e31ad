/** The compiled programs of a learner: a training step of all lanes, the importance of their parameters, their answers. */
import { adam } from "../../../nn/index.ts";
import { oneHot, program, type Tensor } from "../../../tensor/index.ts";
import type { LaneState, Learner } from "./learner.ts";
import { type Extras, lossAndGradient } from "./strategies.ts";

type Material = { readonly x: Tensor; readonly labels: Tensor };
type StepState = LaneState & { readonly slots: readonly Tensor[] };
type Scalars = { readonly step: Tensor; readonly lr: Tensor; readonly key: Tensor };

/** Adam's usual constants; the rate comes with every step. */
const optimiser = adam({ lr: 1e-3 });
export const SLOTS = optimiser.slots;

/** Rows of the material as a batch per lane: ids i32 [lanes, batch]. */
function batchOf({ inputShape }: Learner, { x, labels }: Material, ids: Tensor): { x: Tensor; labels: Tensor } {
  const [lanes, batch] = ids.dims;
  const flat = ids.reshape([lanes! * batch!]);
  return {
    x: x.gather(flat).reshape([lanes!, batch!, ...inputShape]),
    labels: labels.gather(flat).reshape([lanes!, batch!]),
  };
}

/** One step of every lane. Results are overwritten by the call after the next. */
export function stepProgram(learner: Learner, temperature: number) {
  return program(
    (state: StepState, material: Material, ids: Tensor, scalars: Scalars, extras: Extras) => {
      const { x, labels } = batchOf(learner, material, ids);
      const { losses, gradient, buffers } = lossAndGradient(learner, state, x, labels, extras, {
        temperature,
        key: scalars.key,
      });
      const next = optimiser.update({
        params: state.params,
        grads: gradient,
        slots: state.slots,
        step: scalars.step,
        lr: scalars.lr,
      });
      return { state: { params: next.params, buffers, slots: next.slots }, losses };
    },
    { reuse: true, name: `learn ${learner.name}` },
  );
}

export type Importance = "batch" | "example";

/** [lanes, params]: squares of the gradient of a batch's mean cross-entropy, or the mean of the examples' squares. */
export function importanceProgram(learner: Learner, kind: Importance) {
  return program(
    (state: LaneState, material: Material, ids: Tensor) => {
      const { x, labels } = batchOf(learner, material, ids);
      if (kind === "example" && learner.fisher) return learner.fisher(state, x, oneHot(labels, learner.classes));
      return lossAndGradient(learner, state, x, labels).gradient.square();
    },
    { name: `importance ${learner.name}` },
  );
}

/** Predicted class i32 [lanes, batch] of examples x [batch, ...inputShape]. */
export function answerProgram(learner: Learner) {
  return program((state: LaneState, x: Tensor) => learner.answer(state, x).argmax(), {
    name: `answer ${learner.name}`,
  });
}
