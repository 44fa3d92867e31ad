/** Layers: functions of a scope and a tensor. */
export { affine } from "./affine.ts";
export { type AttentionLayerOptions, attentionWeights, multiHeadAttention } from "./attention.ts";
export {
  type BcosOptions,
  bcosConv2d,
  type Dynamics,
  detached,
  full,
  twice,
  type UncentredNormOptions,
  uncentredBatchNorm,
} from "./bcos.ts";
export { type ConvLayerOptions, conv1d, conv2d } from "./conv.ts";
export { dropout } from "./dropout.ts";
export { embedding } from "./embedding.ts";
export { type GruOptions, gru } from "./gru.ts";
export { type LinearOptions, linear } from "./linear.ts";
export { type BatchNormOptions, batchNorm, groupNorm, layerNorm, type NormLayerOptions, rmsNorm } from "./norm.ts";
