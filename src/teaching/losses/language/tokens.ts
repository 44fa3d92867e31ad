/**
 * Losses of language models: a divergence per token, averaged over the tokens that count.
 *
 * Labels i32 `[B, T]` say which: -100 marks prompt and padding (the custom of Hugging Face). labels[b, t] belongs to
 * logits[b, t]; `shift` is for labels that are the input itself, where logits[b, t] foretell token t+1. The mean is over
 * all kept tokens of the batch, at least 1: a batch without any gives 0.
 */
import { fail } from "../../../errors.ts";
import { gatherElements, type Tensor } from "../../../tensor/index.ts";
import type { Loss, Outputs } from "../loss.ts";
import type { Divergence } from "./divergences.ts";

export interface TokenOptions {
  /** Whether labels are the input tokens, so that logits foretell the next one. Default false. */
  readonly shift?: boolean;
  /** T of both sides, the result times T². Default 1. */
  readonly temperature?: number;
}

/** Label of a token that does not count. */
export const IGNORED = -100;

/** Mean of `values` `[...]` where `kept` (bool `[...]`) holds; 0 where nothing does. */
export function maskedMean(values: Tensor, kept: Tensor): Tensor {
  const weights = kept.cast(values.dtype);
  // where, not a product: what does not count may be infinite.
  return kept.where(values, 0).sum().div(weights.sum().maximum(1));
}

/** A divergence from the teacher as a loss; logits `[B, T, V]` on both sides. @throws E_LOSS_CLASSES */
export function onTokens(divergence: Divergence, { shift = false, temperature = 1 }: TokenOptions = {}): Loss {
  return (outputs, targets, { labels }) => {
    if (`${outputs.logits.dims}` !== `${targets.logits.dims}`) {
      fail(
        "E_LOSS_CLASSES",
        `The student gives logits [${outputs.logits.dims}], the teacher [${targets.logits.dims}].`,
        "Both must read the same tokens with the same vocabulary.",
      );
    }
    const { logits, wanted } = aligned(outputs.logits, labels, shift);
    const teacher = aligned(targets.logits, labels, shift).logits;
    const each = divergence(logits.div(temperature), teacher.div(temperature));
    const loss = maskedMean(each, wanted.ne(IGNORED)).mul(temperature ** 2);
    return { loss, parts: { tokens: loss } };
  };
}

/**
 * -log q(label), mean over the tokens that count: ordinary training on text, and sequence-level distillation
 * (Kim & Rush 2016) where the text is a teacher's.
 */
export function tokenCrossEntropy({ shift = false }: Pick<TokenOptions, "shift"> = {}): Loss<Outputs, unknown> {
  return (outputs, _targets, { labels }) => {
    const { logits, wanted } = aligned(outputs.logits, labels, shift);
    const kept = wanted.ne(IGNORED);
    const at = kept.where(wanted, 0).expandDims(-1);
    const each = gatherElements(logits.logSoftmax(), at, -1).squeeze(-1).neg();
    const loss = maskedMean(each, kept);
    return { loss, parts: { tokens: loss } };
  };
}

function aligned(logits: Tensor, labels: Tensor, shift: boolean): { logits: Tensor; wanted: Tensor } {
  return shift ? { logits: logits.slice(1, 0, -1), wanted: labels.slice(1, 1) } : { logits, wanted: labels };
}
