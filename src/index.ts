/**
 * Lyceum: any teacher teaches any student, and every lesson is measured.
 *
 * The main job and its errors; the rooms have entries of their own: lyceum/tensor, lyceum/nn, lyceum/data,
 * lyceum/losses, lyceum/teaching.
 * @module lyceum
 */
export { LyceumError } from "./errors.ts";
export { type DistilOptions, distil, type LessonEvent } from "./teaching/index.ts";
