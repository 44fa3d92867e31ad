/** Losses of language models, per token. */
export {
  type Divergence,
  forwardKl,
  generalisedJsd,
  jsDivergence,
  reverseKl,
  skewKl,
  skewReverseKl,
  symmetricKl,
  totalVariation,
} from "./divergences.ts";
export { IGNORED, maskedMean, onTokens, type TokenOptions, tokenCrossEntropy } from "./tokens.ts";
export { type Tail, TOP_IDS, TOP_LOGS, topKDivergence, topKKl } from "./top-k.ts";
export { zLoss } from "./z-loss.ts";
