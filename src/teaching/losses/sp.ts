/**
 * Similarity-preserving distillation (Tung & Mori, ICCV 2019, equations 1-4): which examples resemble each other.
 *
 * G = F·Fᵀ `[B, B]` of the flattened features, every row divided by its length; L = ‖G_t - G_s‖_F² / B², weight 3000 in
 * RepDistiller (on the last feature map). Widths and sizes may differ. The 1/B² makes the weight belong to a batch size
 * (64 there): watch the part in the log.
 */
import { matmul, type Tensor } from "../../tensor/index.ts";
import { type Loss, tapOf } from "./loss.ts";
import { unit } from "./vector.ts";

export interface SpOptions {
  /** Taps of both sides `[B, ...]`. */
  readonly student: string;
  readonly teacher: string;
}

export function sp({ student, teacher }: SpOptions): Loss {
  return (outputs, targets) => {
    const s = similarities(tapOf(outputs, student, "student"));
    const t = similarities(tapOf(targets, teacher, "teacher"));
    const loss = s.sub(t).square().mean();
    return { loss, parts: { sp: loss } };
  };
}

/** `[B, ...] -> [B, B]`, rows of length 1. */
function similarities(features: Tensor): Tensor {
  const f = features.flatten(1);
  // The largest activation goes out first: the row lengths hold fourth powers, and rows are normalised anyway.
  const top = f.abs().max(undefined, true).stopGradient().maximum(1e-12);
  const scaled = f.div(top);
  return unit(matmul(scaled, scaled, { transB: true }));
}
