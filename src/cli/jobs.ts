/** What the computing process can be asked to do, as plain data. */
import type { LessonEvent } from "../teaching/events.ts";
import type { DistilOptions } from "../teaching/lesson/options.ts";

export type Job =
  | { readonly kind: "teach"; readonly options: Omit<DistilOptions, "signal" | "data"> & { readonly data?: string } }
  | { readonly kind: "resume"; readonly folder: string; readonly about: Pick<DistilOptions, "version" | "command"> };

/** Starts a job. Nothing is imported before: the process answers "ready" at once. */
export async function* startJob(job: Job, signal: AbortSignal): AsyncGenerator<LessonEvent, void> {
  const [{ distil }, { resumeOptions }] = await Promise.all([
    import("../teaching/lesson/distil.ts"),
    import("../teaching/lesson/options.ts"),
  ]);
  const options = job.kind === "teach" ? job.options : { ...(await resumeOptions(job.folder)), ...job.about };
  yield* distil({ ...options, signal });
}
