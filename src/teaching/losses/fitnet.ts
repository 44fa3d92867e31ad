/**
 * FitNets hint (Romero et al., ICLR 2015): L = mean((r(F_s) - F_t)²) over all elements; weight 100 in RepDistiller.
 *
 * r is a 1×1 convolution (a linear layer for vectors) where the widths differ, else the identity. Where the sizes
 * differ, the larger map is averaged down; the paper crops the teacher by a larger kernel instead.
 */
import { fail } from "../../errors.ts";
import { project } from "./adapter.ts";
import { type Loss, tapOf } from "./loss.ts";
import { poolToCommon } from "./resize.ts";

export interface FitNetOptions {
  /** Tap paths, `[B, c]` or `[B, c, h, w]` on both sides. */
  readonly student: string;
  readonly teacher: string;
}

export function fitnet({ student, teacher }: FitNetOptions): Loss {
  return (outputs, targets, { adapters }) => {
    let s = tapOf(outputs, student, "student");
    let t = tapOf(targets, teacher, "teacher");
    if (s.rank !== t.rank || (s.rank !== 2 && s.rank !== 4)) {
      fail(
        "E_LOSS_SHAPE",
        `The hint compares "${student}" [${s.dims}] with "${teacher}" [${t.dims}].`,
        "Name two feature maps or two feature vectors.",
      );
    }
    if (s.rank === 4) [s, t] = poolToCommon(s, t);
    const width = t.dims[1]!;
    if (s.dims[1] !== width) {
      if (!adapters)
        fail("E_LOSS_ADAPTER", `Widths ${s.dims[1]} and ${width} differ and there is no place for an adapter.`);
      s = project(adapters.at("hint"), s, width);
    }
    const loss = s.sub(t).square().mean();
    return { loss, parts: { hint: loss } };
  };
}
