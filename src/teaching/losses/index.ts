/**
 * Losses of teacher-student learning.
 * @module lyceum/losses
 */
export { type AdapterScope, adapterScope, initAdapters, project, recordAdapters } from "./adapter.ts";
export { type AtOptions, at, attention } from "./at.ts";
export { type CrossEntropyOptions, crossEntropy } from "./cross-entropy.ts";
export { type DistOptions, dist } from "./dist.ts";
export { type DkdOptions, dkd } from "./dkd.ts";
export { type FitNetOptions, fitnet } from "./fitnet.ts";
export { type KdOptions, kd } from "./kd.ts";
export { type Loss, type LossBatch, type LossResult, type Outputs, type Targets, teacherTargets } from "./loss.ts";
export { type NdOptions, nd } from "./nd.ts";
export { createLoss, type LossEntry, type LossTerm, lossEntry, losses, parseLosses, teacherNeeds } from "./registry.ts";
export { type RkdOptions, rkd } from "./rkd.ts";
export { chooseTap, type TapKind, type TapShapes } from "./taps.ts";
export { type Weighted, warmUp, weighted } from "./weighted.ts";
