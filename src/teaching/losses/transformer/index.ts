/** Losses on the inside of transformers: attention, relations, hidden states. */
export { type MiniLmOptions, type MiniLmV2Options, miniLm, miniLmV2 } from "./minilm.ts";
export { causalMask, logRelation, relationHeads, relationKl, relationScores } from "./relations.ts";
export {
  attentionMse,
  softCrossEntropy,
  type TinyBertOptions,
  type TransformerTaps,
  tinyBert,
  uniformLayers,
} from "./tinybert.ts";
