/**
 * Probabilistic knowledge transfer (Passalis & Tefas, ECCV 2018, equations 4-7, cosine kernel).
 *
 * S = cosine similarities of the features, moved to [0, 1] as (S+1)/2, rows divided by their sum (the diagonal is in);
 * L = mean over B² of P_t·log((P_t+ε)/(P_s+ε)), ε = 1e-7, weight 30000 in RepDistiller (large because of the B²).
 */
import { matmul, type Tensor } from "../../tensor/index.ts";
import { type Loss, tapOf } from "./loss.ts";
import { unit } from "./vector.ts";

export interface PktOptions {
  /** Taps of both sides `[B, ...]`; widths may differ. */
  readonly student: string;
  readonly teacher: string;
}

const EPS = 1e-7;

export function pkt({ student, teacher }: PktOptions): Loss {
  return (outputs, targets) => {
    const s = neighbours(tapOf(outputs, student, "student"));
    const t = neighbours(tapOf(targets, teacher, "teacher"));
    const loss = t.mul(t.add(EPS).log().sub(s.add(EPS).log())).mean();
    return { loss, parts: { pkt: loss } };
  };
}

/** `[B, ...] -> [B, B]`: how likely each example is a neighbour of the row's example. */
function neighbours(features: Tensor): Tensor {
  const f = features.flatten(1);
  // Squares of ±1e4 are fine, those of an unbounded feature are not; the direction stays the same.
  const top = f.abs().max(1, true).stopGradient().maximum(1e-12);
  const u = unit(f.div(top));
  // The clip takes rounding off: a cosine of -1 - 1e-7 would make a negative probability.
  const similarity = matmul(u, u, { transB: true }).add(1).mul(0.5).maximum(0);
  return similarity.div(similarity.sum(1, true));
}
