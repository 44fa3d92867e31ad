/** Runs a system in a process of its own, tells how it goes, and shows what came out: for `run` and `resume`. */
import type { SystemEvent } from "../systems/events.ts";
import type { RunJob } from "./jobs.ts";
import type { ShowOptions } from "./lesson.ts";
import { createSystemNarrator } from "./system-narrator.ts";
import { terminal } from "./terminal.ts";
import { runJob } from "./work.ts";

/** @throws what the job throws, Interrupted, E_WORKER */
export async function showSystem(job: RunJob, { json = false }: ShowOptions): Promise<void> {
  const narrator = createSystemNarrator(terminal(process.stderr));
  const howToResume = () => {
    const folder = narrator.folder();
    return folder ? `Go on with: lyceum resume ${folder}` : "Nothing had been started yet: run it again.";
  };
  narrator.prepare();
  try {
    await runJob<RunJob, SystemEvent>(job, { onEvent: narrator.hear, say: narrator.say, howToResume });
  } finally {
    narrator.close();
  }
  const finished = narrator.finished();
  if (!finished) throw new Error("The run ended without a report.");
  const { report, files } = finished;
  if (json) {
    process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    return;
  }
  const [{ reportTable }, { claimLines }] = await Promise.all([
    import("../teaching/report/table.ts"),
    import("./claim-lines.ts"),
  ]);
  const width = process.stdout.columns || 100;
  const list = Object.values(files).map((file) => `  ${file}\n`);
  process.stdout.write(`\n${reportTable(report, { width })}\n${claimLines(report.claims, width)}\n${list.join("")}`);
}
