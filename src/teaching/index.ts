/**
 * Teaching: losses, the loop, exams, the teacher store, and the main job.
 * @module lyceum/teaching
 */
export { type Checkpoint, type Checkpoints, fileCheckpoints } from "./checkpoint.ts";
export type { LessonEvent } from "./events.ts";
export * from "./exams/index.ts";
export { storeFolder } from "./folders.ts";
export { labelDataset } from "./label.ts";
export { withoutTimes } from "./lesson/assemble.ts";
export { distil } from "./lesson/distil.ts";
export { type DistilOptions, resumeOptions } from "./lesson/options.ts";
export { lockFolder } from "./lock.ts";
export { exportNetwork, type Network, type NetworkState, tapShapes } from "./network.ts";
export type { LessonPlan } from "./plan.ts";
export { type StoreKey, storedRows, storeId } from "./store.ts";
export { listStore, pruneStore, verifyStore } from "./store-tools.ts";
export { classMeans, type StoredTargets } from "./targets.ts";
export { type Taught, type TeachEvent, teach } from "./teach.ts";
export { ensembleTeacher, modelTeacher, onnxTeacher, type Teacher } from "./teacher.ts";
