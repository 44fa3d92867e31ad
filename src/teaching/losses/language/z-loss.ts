/**
 * Keeps the normaliser of a language model near 1: (log Σ exp z)², mean over the tokens that count (Chowdhery et al.
 * 2022, PaLM, section 5). A softmax does not notice a constant added to all logits; without this they drift off in long
 * runs. Meant for a small weight (1e-4) beside another loss.
 */
import type { Loss, Outputs } from "../loss.ts";
import { IGNORED, maskedMean } from "./tokens.ts";

/** Logits `[B, T, V]`, labels i32 `[B, T]`; -100 does not count. */
export function zLoss(): Loss<Outputs, unknown> {
  return ({ logits }, _targets, { labels }) => {
    const normaliser = logits.logSumExp(-1);
    const loss = maskedMean(normaliser.mul(normaliser), labels.ne(IGNORED));
    return { loss, parts: { z: loss } };
  };
}
