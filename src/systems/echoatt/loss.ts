/**
 * The loss of stage 1: a_int·L_int + a_soft·L_soft + a_hard·L_hard (section 2.5).
 *
 * L_int compares the residual stream behind the last layer of every shared block, as a share of the teacher's variance
 * there, so that its weight means the same at every depth. L_hard is cross-entropy against the teacher's likeliest next
 * token on the real text (pseudo-labels), not on text of its own.
 */
import type { DecoderConfig } from "../../language/decoder/index.ts";
import { forwardKl, IGNORED, maskedMean, onTokens, tokenCrossEntropy } from "../../teaching/losses/language/index.ts";
import { type Loss, tapOf } from "../../teaching/losses/loss.ts";
import { stopGradient, type Tensor } from "../../tensor/index.ts";

export interface StageOneWeights {
  readonly intermediate: number;
  readonly soft: number;
  readonly hard: number;
  readonly temperature: number;
  /** Whose word L_hard takes: the teacher's likeliest token, or the text's. */
  readonly labels: "teacher" | "text";
}

/** Taps behind the last layer of each shared block; behind the last layer of the model where nothing is shared. */
export function blockEnds({ leaders, layers }: Pick<DecoderConfig, "leaders" | "layers">): string[] {
  const last = new Map<number, number>();
  leaders.forEach((leader, i) => {
    if (leader !== i) last.set(leader, i);
  });
  const ends = [...last.values()].sort((a, b) => a - b);
  return (ends.length > 0 ? ends : [layers - 1]).map((i) => `stage${i + 1}`);
}

/** Squared error of hidden states [B, T, D] in units of the teacher's variance over the tokens that count. */
export function hiddenError(student: Tensor, teacher: Tensor, kept: Tensor): Tensor {
  const target = stopGradient(teacher);
  const perToken = (x: Tensor) => maskedMean(x.square().mean(-1), kept);
  const weights = kept.cast(target.dtype).expandDims(-1);
  const centre = target.mul(weights).sum([0, 1], true).div(weights.sum().maximum(1));
  return perToken(student.sub(target)).div(perToken(target.sub(centre)).add(1e-12));
}

/** @param ends taps to compare, of both models */
export function stageOneLoss(ends: readonly string[], weights: StageOneWeights): Loss {
  const { intermediate, soft, hard, temperature } = weights;
  const softLoss = onTokens(forwardKl(), { temperature });
  const hardLoss = tokenCrossEntropy();
  return (outputs, targets, batch) => {
    const kept = batch.labels.ne(IGNORED);
    const errors = ends.map((end) => hiddenError(tapOf(outputs, end, "student"), tapOf(targets, end, "teacher"), kept));
    const said = targets.logits.argmax(-1).cast("i32");
    const labels = weights.labels === "teacher" ? kept.where(said, batch.labels) : batch.labels;
    const parts = {
      intermediate: errors.reduce((a, b) => a.add(b)).div(errors.length),
      soft: softLoss(outputs, targets, batch).loss,
      hard: hardLoss(outputs, targets, { ...batch, labels }).loss,
    };
    const loss = parts.intermediate.mul(intermediate).add(parts.soft.mul(soft)).add(parts.hard.mul(hard));
    return { loss, parts };
  };
}
