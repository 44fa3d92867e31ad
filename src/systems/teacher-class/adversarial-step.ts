/**
 * One batch of the adversarial variant, symbolically: (i) the critic learns to tell the teacher's chunk z (real) from
 * the student's (fake) and to reconstruct z from either, with BCE + MSE; (ii) the critic is frozen and the student
 * learns through it to pass for real and to have z reconstructed. The squared error of the student is on the critic's
 * reconstruction, not on its own output; without that head the variant collapses.
 *
 * The critic stays in training mode throughout: statistics of the batch.
 */
import type { Model, Optimiser, SymbolicState } from "../../nn/index.ts";
import { grad, type Tensor } from "../../tensor/index.ts";

export type Pair<T> = { readonly student: T; readonly critic: T };

/** One batch of the two players, as a function of the state. `studentSteps`: how often (ii) is done. */
export function adversarialStep(student: Model, critic: Model, optimiser: Optimiser, studentSteps: number) {
  return (
    state: Pair<SymbolicState>,
    batch: { x: Tensor; z: Tensor },
    scalars: { lr: Tensor; step: Tensor; key: Tensor },
  ) => {
    const { x, z } = batch;
    const train = { train: true, key: scalars.key };
    const real = critic.apply(state.critic, z, train);
    const fake = critic.apply(
      { params: state.critic.params, buffers: real.buffers },
      student.apply(state.student, x, train).output.stopGradient(),
      train,
    );
    const criticLoss = verdict(real.output, 1, z)
      .add(verdict(fake.output, 0, z))
      .mul(0.5);
    const [byCritic] = grad(criticLoss, [state.critic.params]) as [Tensor];
    const trained = optimiser.update({ ...state.critic, grads: byCritic, step: scalars.step, lr: scalars.lr });
    const frozen = { params: trained.params.stopGradient(), buffers: fake.buffers };

    let now = state.student;
    let judged = frozen.buffers;
    let first: Tensor | undefined;
    for (let i = 0; i < studentSteps; i++) {
      const made = student.apply(now, x, train);
      const passed = critic.apply({ ...frozen, buffers: judged }, made.output, train);
      const loss = verdict(passed.output, 1, z);
      first ??= loss;
      const [grads] = grad(loss, [now.params]) as [Tensor];
      const step = scalars.step
        .sub(1)
        .mul(studentSteps)
        .add(i + 1);
      const next = optimiser.update({ ...now, grads, step, lr: scalars.lr });
      now = { params: next.params, slots: next.slots, buffers: made.buffers };
      judged = passed.buffers;
    }
    return {
      state: {
        student: now,
        critic: { params: trained.params, slots: trained.slots, buffers: judged },
      },
      loss: first!,
      criticLoss,
    };
  };
}

/** BCE of the logit of "real" against `label`, plus the mean squared error of the reconstruction. */
function verdict(said: Tensor, label: 0 | 1, z: Tensor): Tensor {
  const logit = said.slice(1, 0, 1);
  const right = label === 1 ? logit.neg() : logit;
  return right.softplus().mean().add(said.slice(1, 1).sub(z).square().mean());
}
