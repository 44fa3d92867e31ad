/** The report of a job from its books. */
import type { Books } from "./ledger.ts";
import type { LabelSettings } from "./options.ts";
import { bill, type LabelReport } from "./report.ts";
import type { Task, WorkEnd } from "./work.ts";

export function summarise(
  { sampling, samples, prices }: LabelSettings,
  teacher: string,
  tasks: readonly Task[],
  { done }: Books,
  end: WorkEnd & Pick<LabelReport, "stopped" | "seconds">,
): LabelReport {
  const { spent, retries, failures, stopped, seconds } = end;
  // The folder may hold more answers than this run wanted: with fewer items, only these count.
  const answers = tasks.map(({ name }) => done.get(name)).filter((one) => one !== undefined);
  const models: Record<string, number> = {};
  for (const { model } of answers) if (model !== undefined) models[model] = (models[model] ?? 0) + 1;
  return {
    version: 1,
    teacher,
    models,
    sampling,
    samples,
    items: tasks.length,
    done: answers.length,
    failed: failures.length,
    waiting: tasks.length - answers.length - failures.length,
    truncated: answers.filter(({ truncated }) => truncated).length,
    fromCache: answers.filter(({ cached }) => cached).length,
    retries,
    ...bill(spent, prices),
    stopped,
    seconds,
    failures,
  };
}
