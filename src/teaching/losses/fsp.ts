/**
 * Flow of the solution procedure (Yim et al., CVPR 2017, equations 1-2): how one stage's channels go with the next one's.
 *
 * G = F₁·F₂ᵀ averaged over positions, `[B, c₁, c₂]`, for consecutive stages (the larger map averaged down);
 * L = Σ_pairs mean((G_s - G_t)²), weight 50 in RepDistiller. The paper asks for equal widths; where they differ the
 * student's maps go through 1×1 convolutions. The references train it alone first; here it stands beside the labels'.
 */
import { fail } from "../../errors.ts";
import { matmul, type Tensor } from "../../tensor/index.ts";
import { needAdapters } from "./adapter.ts";
import { convolve } from "./adapter-layers.ts";
import { type Loss, tapOf } from "./loss.ts";
import { poolToCommon } from "./resize.ts";
import type { TapPath } from "./taps.ts";

export interface FspOptions {
  /** Tap paths of feature maps `[B, c, h, w]`, from shallow to deep; at least two. */
  readonly maps: readonly TapPath[];
}

/** @throws E_LOSS_SHAPE with fewer than two stages */
export function fsp({ maps }: FspOptions): Loss {
  if (maps.length < 2) {
    fail("E_LOSS_SHAPE", `FSP relates consecutive stages, but there are ${maps.length}.`, "Name two or more maps.");
  }
  return (outputs, targets, { adapters }) => {
    const teachers = maps.map(([, teacher]) => tapOf(targets, teacher, "teacher"));
    const students = maps.map(([student], i) => {
      const s = tapOf(outputs, student, "student");
      const width = teachers[i]!.dims[1]!;
      if (s.dims[1] === width) return s;
      return convolve(needAdapters(adapters, `Widths ${s.dims[1]} and ${width} differ`).at(`stage${i + 1}`), s, width);
    });
    const [own, other] = [flows(students), flows(teachers)];
    const loss = own.map((g, i) => g.sub(other[i]!).square().mean()).reduce((a, b) => a.add(b));
    return { loss, parts: { fsp: loss } };
  };
}

/** `[B, c₁, c₂]` for each pair of neighbours. */
function flows(maps: readonly Tensor[]): Tensor[] {
  return maps.slice(1).map((map, i) => {
    const [below, above] = poolToCommon(maps[i]!, map);
    const positions = below.dims[2]! * below.dims[3]!;
    return matmul(below.flatten(2), above.flatten(2), { transB: true, alpha: 1 / positions });
  });
}
