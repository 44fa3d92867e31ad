/**
 * What else could be done to an embedding in place of ND, for ablations. Per example, with embedding s, teacher's
 * embedding t and unit class mean ê_y:
 *   direction  1 - cos(s, ê_y)              turns, and leaves the norm alone
 *   norm       max(0, ‖t‖ - ‖s‖) / ‖t‖      grows, and leaves the direction alone
 *   sum        direction + norm             both, but apart
 *   l2         ‖s - t‖²                     the teacher's own embedding as a point to reach
 * ND itself (losses/nd.ts) is the product of the two ideas: 1 - ‖s‖·cos/max(‖s‖, ‖t‖).
 */
import { fail } from "../../errors.ts";
import { type Loss, tapOf } from "../../teaching/losses/loss.ts";
import { type NdOptions, nd } from "../../teaching/losses/nd.ts";
import { unit } from "../../teaching/losses/vector.ts";
import { gather, type Tensor } from "../../tensor/index.ts";

export const TERMS = ["direction", "norm", "sum", "l2"] as const;
export type Term = (typeof TERMS)[number] | "nd";

type OfExample = (s: Tensor, t: Tensor, centre: Tensor) => Tensor;

const direction: OfExample = (s, _t, centre) => s.mul(centre).sum(-1).div(length(s)).neg().add(1);
const norm: OfExample = (s, t) => length(t).sub(length(s)).relu().div(length(t));

const FORMULAS: Readonly<Record<(typeof TERMS)[number], OfExample>> = {
  direction,
  norm,
  sum: (s, t, centre) => direction(s, t, centre).add(norm(s, t, centre)),
  l2: (s, t) => s.sub(t).square().sum(-1),
};

/**
 * A term as a loss, mean over the batch. `taps`: embeddings `[B, d]` of one width on both sides.
 * @throws E_LOSS_MEANS without class means, E_TAP
 */
export function termLoss(term: Term, taps: NdOptions): Loss {
  if (term === "nd") return nd(taps);
  return (outputs, targets, { labels }) => {
    const s = tapOf(outputs, taps.student, "student").flatten(1);
    const t = tapOf(targets, taps.teacher, "teacher").flatten(1);
    const means =
      targets.classMeans.get(taps.teacher) ??
      fail(
        "E_LOSS_MEANS",
        `The class means of the teacher's "${taps.teacher}" are missing.`,
        "Label the training data first.",
      );
    const loss = FORMULAS[term](s, t, gather(unit(means), labels)).mean();
    return { loss, parts: { [term]: loss } };
  };
}

/** ‖x‖ `[B]`; the 1e-12 of ND bounds the quotients at zero vectors. */
function length(x: Tensor): Tensor {
  return x.square().sum(-1).add(1e-12).sqrt();
}
