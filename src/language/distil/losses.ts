/** What a taught language model may minimise, by name: for the command line and for systems. */
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

/** Those that have a weight take it, or their own default. */
const DIVERGENCES = {
  "forward-kl": () => forwardKl(),
  "reverse-kl": () => reverseKl(),
  jsd: (beta?: number) => generalisedJsd(beta),
  "skew-kl": (beta?: number) => skewKl(beta),
  "skew-reverse-kl": (beta?: number) => skewReverseKl(beta),
} satisfies Readonly<Record<string, (beta?: number) => Divergence>>;

/** Cross-entropy on the teacher's own words (Kim & Rush 2016): the one loss that needs no probabilities. */
export const SEQUENCE = "sequence";

export type TextLossName = keyof typeof DIVERGENCES | typeof SEQUENCE;

/** Names of losses, the default first. */
export const TEXT_LOSSES: readonly TextLossName[] = [
  ...(Object.keys(DIVERGENCES) as (keyof typeof DIVERGENCES)[]),
  SEQUENCE,
];

/** A loss over the tokens that count. `beta` is the weight of jsd, skew-kl and skew-reverse-kl. */
export function textLoss(name: TextLossName, beta?: number): Loss {
  return name === SEQUENCE ? (tokenCrossEntropy() as Loss) : onTokens(DIVERGENCES[name](beta));
}
