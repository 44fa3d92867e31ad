/** Distillation of language models as one job: what `lyceum teach --task text` runs. */
export { teachCourse } from "./course.ts";
export type { CourseOptions } from "./options.ts";
