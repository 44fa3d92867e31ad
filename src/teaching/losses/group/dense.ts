/**
 * Chains of teachers: TAKD (Mirzadeh et al., AAAI 2020) and DGKD (Son et al., ICCV 2021).
 *
 * TAKD distils from each network of a chain to the next smaller one, every step being plain `kd`. DGKD lets all n larger
 * networks teach each smaller one: L = CE + Σ_i T²·KL(softmax(z_i/T) ‖ softmax(z_s/T)), every teacher dropped with a
 * given probability per example (stochastic DGKD), which keeps the many similar teachers from crushing the student.
 */
import { fail } from "../../../errors.ts";
import { foldKey, randomUniform, stopGradient, type Tensor } from "../../../tensor/index.ts";
import { klFromLogs } from "../vector.ts";

export interface DenseOptions {
  readonly temperature?: number;
  /** Probability that a teacher is silent on an example. */
  readonly drop?: number;
  /** i32 `[2]`, this step's key; needed where teachers are dropped. */
  readonly key?: Tensor;
}

/**
 * One scalar per teacher (mean over the batch, silent ones counting 0); their sum is the distillation term. Logits
 * `[B, C]`; no gradient reaches the teachers. @throws E_RANGE, E_KEY
 */
export function denselyGuided(
  student: Tensor,
  teachers: readonly Tensor[],
  { temperature = 4, drop = 0, key }: DenseOptions = {},
): Tensor[] {
  if (!(drop >= 0 && drop < 1)) fail("E_RANGE", `Teachers are dropped with probability ${drop}.`, "Use 0 up to 1.");
  if (drop > 0 && !key) fail("E_KEY", "Dropping teachers draws random numbers.", "Pass this step's key.");
  const own = student.div(temperature).logSoftmax();
  return teachers.map((teacher, i) => {
    const kl = klFromLogs(stopGradient(teacher).div(temperature).logSoftmax(), own);
    const heard = drop > 0 ? randomUniform(foldKey(key!, i), [kl.dims[0]!]).ge(drop).cast(kl.dtype) : undefined;
    return (heard ? kl.mul(heard) : kl).mean().mul(temperature ** 2);
  });
}
