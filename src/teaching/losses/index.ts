/**
 * Losses of teacher-student learning. docs/losses.md lists them with their formulas.
 * @module lyceum/losses
 */
export { type AbOptions, ab } from "./ab.ts";
export {
  type AdapterLayout,
  type AdapterMemory,
  type AdapterScope,
  type Adapters,
  adapterMemory,
  adapterScope,
  initAdapters,
  needAdapters,
  project,
  recordAdapters,
  type Start,
} from "./adapter.ts";
export { type AdapterConv, batchNormalised, convolve } from "./adapter-layers.ts";
export { type AtOptions, at, attention } from "./at.ts";
export { type CcOptions, cc } from "./cc.ts";
export * as continual from "./continual/index.ts";
export { type CrdOptions, contrast, crd } from "./crd.ts";
export { type CrossEntropyOptions, crossEntropy } from "./cross-entropy.ts";
export { type DistOptions, dist } from "./dist.ts";
export { type DkdOptions, dkd } from "./dkd.ts";
export { type FitNetOptions, fitnet } from "./fitnet.ts";
export { type FspOptions, fsp } from "./fsp.ts";
export { type FtOptions, ft } from "./ft.ts";
export * as group from "./group/index.ts";
export { type KdOptions, kd } from "./kd.ts";
export * as language from "./language/index.ts";
export {
  type ExampleLabels,
  type Loss,
  type LossBatch,
  type LossResult,
  type Outputs,
  type Targets,
  teacherTargets,
} from "./loss.ts";
export { type MgdOptions, mgd } from "./mgd.ts";
export { type NdOptions, nd } from "./nd.ts";
export { type NstOptions, nst } from "./nst.ts";
export { type OfdOptions, ofd } from "./ofd.ts";
export { type PktOptions, pkt } from "./pkt.ts";
export * as ranking from "./ranking/index.ts";
export { createLoss, type LossEntry, type LossTerm, lossEntry, losses, parseLosses, teacherNeeds } from "./registry.ts";
export { hierarchical, type ReviewKdOptions, reviewKd } from "./reviewkd.ts";
export { type RkdOptions, rkd } from "./rkd.ts";
export { type SpOptions, sp } from "./sp.ts";
export { chooseTap, pairStages, stageEnds, type TapKind, type TapPath, type TapShapes } from "./taps.ts";
export { type TeacherFreeOptions, teacherFree } from "./tf-kd.ts";
export * as transformer from "./transformer/index.ts";
export { type VidOptions, vid } from "./vid.ts";
export { type Weighted, warmUp, weighted } from "./weighted.ts";
