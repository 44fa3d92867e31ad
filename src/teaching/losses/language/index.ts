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
