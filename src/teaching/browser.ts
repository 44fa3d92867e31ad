/**
 * `lyceum/teaching` in a page: lessons, teachers, exams and exports, without what needs a disk (run folders, the teacher
 * store, report files). The package's `browser` condition leads here; test/browser checks the bundle.
 */
export { type Examinee, networkExaminee, teacherExaminee } from "./answer.ts";
export type { Checkpoint, Checkpoints } from "./checkpoint.ts";
export type { LessonEvent, Progress } from "./events.ts";
export * from "./exams/index.ts";
export { exportNetwork, type Network, type NetworkState, tapShapes } from "./network.ts";
export type { LessonPlan } from "./plan.ts";
export { classMeans, type StoredTargets } from "./targets.ts";
export { type Taught, type TeachEvent, teach } from "./teach.ts";
export { ensembleTeacher, modelTeacher, onnxTeacher, type Teacher } from "./teacher.ts";
