/** What the computing process can be asked to do, as plain data. */
import type { CourseOptions } from "../language/course/index.ts";
import type { SystemEvent } from "../systems/events.ts";
import type { RunOptions } from "../systems/run.ts";
import type { LessonEvent } from "../teaching/events.ts";
import type { DistilOptions } from "../teaching/lesson/options.ts";

type About = Pick<DistilOptions, "version" | "command">;

export type LessonJob =
  | { readonly kind: "teach"; readonly options: Omit<DistilOptions, "signal" | "data"> & { readonly data?: string } }
  | { readonly kind: "course"; readonly options: Omit<CourseOptions, "signal"> }
  | { readonly kind: "resume"; readonly folder: string; readonly about: About };

/** A run of a system. */
export interface RunJob {
  readonly kind: "run";
  /** Name or module of the system. */
  readonly system: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly run: Pick<RunOptions, "out" | "preset" | "jobs"> & About;
}

export type Job = LessonJob | RunJob;

/** Starts a job. Nothing is imported before: the process answers "ready" at once. */
export async function* startJob(job: Job, signal: AbortSignal): AsyncGenerator<LessonEvent | SystemEvent, void> {
  if (job.kind === "run") {
    const [{ loadSystem }, { runSystem }] = await Promise.all([
      import("../systems/registry.ts"),
      import("../systems/run.ts"),
    ]);
    const { system, module } = await loadSystem(job.system);
    yield* runSystem(system, job.options, { ...job.run, module, signal });
    return;
  }
  if (job.kind === "course") {
    const { teachCourse } = await import("../language/course/index.ts");
    yield* teachCourse({ ...job.options, signal });
    return;
  }
  if (job.kind === "resume") {
    const { readCourse, resumedCourse } = await import("../language/course/options.ts");
    const course = await readCourse(job.folder);
    if (course) {
      const { teachCourse } = await import("../language/course/index.ts");
      yield* teachCourse({ ...resumedCourse(course, job.folder), ...job.about, signal });
      return;
    }
  }
  const [{ distil }, { resumeOptions }] = await Promise.all([
    import("../teaching/lesson/distil.ts"),
    import("../teaching/lesson/options.ts"),
  ]);
  const options = job.kind === "teach" ? job.options : { ...(await resumeOptions(job.folder)), ...job.about };
  yield* distil({ ...options, signal });
}
