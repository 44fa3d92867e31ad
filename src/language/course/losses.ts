/** What a taught language model may minimise, by name. */
import {
  type Divergence,
  forwardKl,
  generalisedJsd,
  onTokens,
  reverseKl,
  skewKl,
  skewReverseKl,
  tokenCrossEntropy,
} from "../../teaching/losses/language/index.ts";
import type { Loss } from "../../teaching/losses/loss.ts";

const DIVERGENCES: Readonly<Record<string, () => Divergence>> = {
  "forward-kl": forwardKl,
  "reverse-kl": reverseKl,
  jsd: generalisedJsd,
  "skew-kl": skewKl,
  "skew-reverse-kl": skewReverseKl,
};

/** Cross-entropy on the teacher's own words (Kim & Rush 2016): the one loss that needs no probabilities. */
export const SEQUENCE = "sequence";

/** Names of losses, the default first. */
export const TEXT_LOSSES: readonly string[] = [...Object.keys(DIVERGENCES), SEQUENCE];

export function textLoss(name: string): Loss {
  return name === SEQUENCE ? (tokenCrossEntropy() as Loss) : onTokens(DIVERGENCES[name]!());
}
