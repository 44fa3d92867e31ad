/**
 * Neuron selectivity transfer (Huang & Wang 2017, equation 7 with the polynomial kernel k(x, y) = ⟨x, y⟩²): the sets of
 * channel maps have one distribution, by the squared maximum mean discrepancy.
 *
 * f_i is channel i of a map as a vector of length 1; L = mean k(t, t') + mean k(s, s') - 2·mean k(s, t), over channels
 * and batch, summed over the stages; weight 50 in RepDistiller. Widths may differ; sizes are averaged down to the smaller.
 */
import { matmul, type Tensor } from "../../tensor/index.ts";
import { type Loss, tapOf } from "./loss.ts";
import { poolToCommon } from "./resize.ts";
import type { TapPath } from "./taps.ts";
import { unit } from "./vector.ts";

export interface NstOptions {
  /** Tap paths of feature maps `[B, c, h, w]`. */
  readonly maps: readonly TapPath[];
}

export function nst({ maps }: NstOptions): Loss {
  return (outputs, targets) => {
    const terms = maps.map(([student, teacher]) => {
      const [a, b] = poolToCommon(tapOf(outputs, student, "student"), tapOf(targets, teacher, "teacher"));
      const [s, t] = [channelVectors(a), channelVectors(b)];
      return kernel(t, t).add(kernel(s, s)).sub(kernel(s, t).mul(2));
    });
    const loss = terms.reduce((a, b) => a.add(b));
    return { loss, parts: { nst: loss } };
  };
}

/** `[B, c, h, w] -> [B, c, h·w]`, each of length 1. */
function channelVectors(map: Tensor): Tensor {
  const flat = map.flatten(2);
  return unit(flat.div(flat.abs().max(2, true).stopGradient().maximum(1e-12)));
}

/** Mean of k over all pairs of channels, `[]`. */
const kernel = (a: Tensor, b: Tensor): Tensor => matmul(a, b, { transB: true }).square().mean();
