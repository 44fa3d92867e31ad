/**
 * A comprehensive overhaul of feature distillation (Heo et al., ICCV 2019, equations 1-4): maps before the ReLU, under
 * a margin ReLU of the teacher and a distance that forgives what the ReLU hides.
 *
 * m_c = mean of the teacher's negative values in channel c; t = max(F_t, m_c); s passes a 1×1 convolution without bias
 * and batch norm; d = 0 where s <= t <= 0, else (s - t)². L = Σ_i 2^(i-n)·Σ d / B, weight 1e-3. The paper derives m_c from
 * the statistics of the layer or by averaging over the training data; here every batch is averaged, so that teachers
 * from files need no statistics. Not 0 at student = teacher: the connector has to be learnt.
 */
import type { Tensor } from "../../tensor/index.ts";
import { needAdapters } from "./adapter.ts";
import { batchNormalised, convolve } from "./adapter-layers.ts";
import { type Loss, tapOf } from "./loss.ts";
import { poolToCommon } from "./resize.ts";
import type { TapPath } from "./taps.ts";

export interface OfdOptions {
  /** Tap paths of feature maps before their ReLU, `[B, c, h, w]`, from shallow to deep. */
  readonly maps: readonly TapPath[];
}

export function ofd({ maps }: OfdOptions): Loss {
  return (outputs, targets, { adapters }) => {
    const scope = needAdapters(adapters, "OFD connects the student's maps to the teacher's,");
    const terms = maps.map(([student, teacher], i) => {
      const [own, t] = poolToCommon(tapOf(outputs, student, "student"), tapOf(targets, teacher, "teacher"));
      const at = scope.at(`stage${i + 1}`);
      const s = batchNormalised(at.at("norm"), convolve(at.at("conv"), own, t.dims[1]!, { bias: false }));
      return partial(s, t.maximum(margins(t))).mul(2 ** (i + 1 - maps.length) / t.dims[0]!);
    });
    const loss = terms.reduce((a, b) => a.add(b));
    return { loss, parts: { ofd: loss } };
  };
}

/** Mean of the negative values of each channel, `[1, c, 1, 1]`; 0 for a channel without any. */
function margins(map: Tensor): Tensor {
  const negative = map.lt(0).cast(map.dtype);
  return map
    .mul(negative)
    .sum([0, 2, 3], true)
    .div(negative.sum([0, 2, 3], true).maximum(1));
}

/** Partial L2: Σ (s - t)² except where s <= t <= 0. */
function partial(s: Tensor, t: Tensor): Tensor {
  const counts = s.gt(t).or(t.gt(0)).cast(s.dtype);
  return s.sub(t).square().mul(counts).sum();
}
