/** Optimisers and what goes with them. */
export { type AdamOptions, adam, adamw } from "./adam.ts";
export { clipByGlobalNorm, globalNorm } from "./clip.ts";
export { ema } from "./ema.ts";
export type { Optimiser, UpdateInput } from "./optimiser.ts";
export { type RmsPropOptions, rmsprop } from "./rmsprop.ts";
export { type SgdOptions, sgd } from "./sgd.ts";
