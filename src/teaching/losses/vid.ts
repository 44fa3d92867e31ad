/**
 * Variational information distillation (Ahn et al., CVPR 2019, equations 3-6): the student's map predicts the teacher's
 * as a Gaussian with one trained variance per channel.
 *
 * σ² = softplus(α) + 1e-5 `[C_t]`, 5 at the start; μ three 1×1 convolutions without bias, ReLU between them;
 * L = mean(½·((μ(F_s) - F_t)²/σ² + log σ²)), summed over the stages, weight 1 in RepDistiller. A negative
 * log-likelihood: it falls below 0, and is not 0 at student = teacher. Maps of different size are averaged down first.
 */
import type { Tensor } from "../../tensor/index.ts";
import { type AdapterScope, needAdapters } from "./adapter.ts";
import { convolve } from "./adapter-layers.ts";
import { type Loss, tapOf } from "./loss.ts";
import { poolToCommon } from "./resize.ts";
import type { TapPath } from "./taps.ts";

export interface VidOptions {
  /** Tap paths of feature maps `[B, c, h, w]`. */
  readonly maps: readonly TapPath[];
}

const EPS = 1e-5;
const START = 5;

export function vid({ maps }: VidOptions): Loss {
  return (outputs, targets, { adapters }) => {
    const scope = needAdapters(adapters, "VID predicts the teacher's maps,");
    const terms = maps.map(([student, teacher], i) => {
      const [s, t] = poolToCommon(tapOf(outputs, student, "student"), tapOf(targets, teacher, "teacher"));
      return surprise(scope.at(`stage${i + 1}`), s, t);
    });
    const loss = terms.reduce((a, b) => a.add(b));
    return { loss, parts: { vid: loss } };
  };
}

/** -log N(target; μ(x), σ²) without its constant, mean over all elements, in nats. */
function surprise(scope: AdapterScope, x: Tensor, target: Tensor): Tensor {
  const width = target.dims[1]!;
  const layer = (name: string, h: Tensor) => convolve(scope.at(name), h, width, { bias: false });
  const mean = layer("conv3", layer("conv2", layer("conv1", x).relu()).relu());
  const alpha = scope.param("alpha", [width], { fill: Math.log(Math.expm1(START - EPS)) });
  const variance = alpha.softplus().add(EPS).reshape([1, width, 1, 1]);
  return mean.sub(target).square().div(variance).add(variance.log()).mean().mul(0.5);
}
