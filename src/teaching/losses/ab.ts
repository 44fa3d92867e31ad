/**
 * Activation boundaries (Heo et al., AAAI 2019, equation 5 in its L2 form): where the teacher's neurons fire, the
 * student's must exceed a margin μ = 1; where they do not, stay below -μ.
 *
 * With s, t before the ReLU: Σ (s+μ)²·[s > -μ, t <= 0] + (s-μ)²·[s <= μ, t > 0], over elements, divided by B; the i-th
 * of n stages counts 2^(i-n), and the total 3/1000 (RepDistiller, weight 1). s passes a 1×1 convolution and batch norm
 * where widths differ. The reference trains this alone for 30 epochs first; here it stands beside the labels' loss.
 * Not 0 at student = teacher unless all |t| exceed μ.
 */
import type { Tensor } from "../../tensor/index.ts";
import { needAdapters } from "./adapter.ts";
import { batchNormalised, convolve } from "./adapter-layers.ts";
import { type Loss, type LossBatch, tapOf } from "./loss.ts";
import { poolToCommon } from "./resize.ts";
import type { TapPath } from "./taps.ts";

export interface AbOptions {
  /** Tap paths of feature maps before their ReLU, `[B, c, h, w]`, from shallow to deep. */
  readonly maps: readonly TapPath[];
  readonly margin?: number;
}

/** RepDistiller's factor on the sum over all elements of a map. */
const SCALE = 3 / 1000;

export function ab({ maps, margin = 1 }: AbOptions): Loss {
  return (outputs, targets, batch) => {
    const terms = maps.map(([student, teacher], i) => {
      const [s, t] = poolToCommon(tapOf(outputs, student, "student"), tapOf(targets, teacher, "teacher"));
      const term = boundary(connected(s, t.dims[1]!, `stage${i + 1}`, batch), t, margin);
      return term.mul((2 ** (i + 1 - maps.length) * SCALE) / t.dims[0]!);
    });
    const loss = terms.reduce((a, b) => a.add(b));
    return { loss, parts: { ab: loss } };
  };
}

function connected(s: Tensor, width: number, name: string, { adapters }: LossBatch): Tensor {
  if (s.dims[1] === width) return s;
  const scope = needAdapters(adapters, `Widths ${s.dims[1]} and ${width} differ`).at(name);
  return batchNormalised(scope.at("norm"), convolve(scope.at("conv"), s, width));
}

/** Sum over all elements. */
function boundary(s: Tensor, t: Tensor, margin: number): Tensor {
  const above = s.add(margin).relu().square();
  const below = s.neg().add(margin).relu().square();
  return t.gt(0).where(below, above).sum();
}
