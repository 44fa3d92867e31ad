/** The vocabulary: every operation on symbolic tensors. */
export { elu, geluTanh, hardSwish, leakyRelu, logSigmoid, mish } from "./activations.ts";
export { adaptiveAvgPool, adaptiveMaxPool } from "./adaptive-pool.ts";
export { type AttentionOptions, HIDDEN, scaledDotProductAttention } from "./attention.ts";
export { batchNorm, batchNormInference } from "./batch-norm.ts";
export { channelAffine } from "./channels.ts";
export { type ConvOptions, type ConvTransposeOptions, conv, convTranspose } from "./conv.ts";
export type { Padding } from "./conv-geometry.ts";
export * from "./elementwise.ts";
export { type GridSampleOptions, gridSample } from "./grid-sample.ts";
export * from "./indexing.ts";
export * from "./matmul.ts";
export { groupNorm, instanceNorm, l2Normalise, layerNorm, type NormOptions, rmsNorm } from "./norm.ts";
export { avgPool, globalAvgPool, maxPool, type PoolOptions } from "./pool.ts";
export {
  foldKey,
  keyValue,
  randomBernoulli,
  randomBits,
  randomGumbel,
  randomNormal,
  randomPermutation,
  randomUniform,
} from "./random.ts";
export * from "./reduce.ts";
export { type ResizeOptions, resize } from "./resize.ts";
export { type RotaryOptions, rotaryPositions } from "./rotary.ts";
export * from "./shaping.ts";
export { upsample } from "./upsample.ts";
