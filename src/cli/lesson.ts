/** Runs a teaching job in its own process, tells how it goes, and shows what came out: for `teach` and `resume`. */
import type { LessonEvent } from "../teaching/events.ts";
import type { LessonJob } from "./jobs.ts";
import { createNarrator } from "./narrator.ts";
import { terminal } from "./terminal.ts";
import { version } from "./version.ts";
import { runJob } from "./work.ts";

export interface ShowOptions {
  /** The report on standard output; progress goes to standard error in any case. */
  readonly json?: boolean;
}

/** @throws what the job throws, Interrupted, E_WORKER */
export async function runLesson(job: LessonJob, { json = false }: ShowOptions): Promise<void> {
  const narrator = createNarrator(terminal(process.stderr));
  const howToResume = () => {
    const folder = narrator.folder();
    return folder ? `Go on with: lyceum resume ${shellWord(folder)}` : "Nothing had been started yet: run it again.";
  };
  narrator.prepare();
  try {
    await runJob<LessonJob, LessonEvent>(job, { onEvent: narrator.hear, say: narrator.say, howToResume });
  } finally {
    narrator.close();
  }
  const finished = narrator.finished();
  if (!finished) throw new Error("The lesson ended without a report.");
  const { report, files } = finished;
  if (json) {
    process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    return;
  }
  const { reportTable } = await import("../teaching/report/table.ts");
  const list = Object.values(files).map((file) => `  ${file}\n`);
  process.stdout.write(`\n${reportTable(report, { width: process.stdout.columns || 100 })}\n${list.join("")}`);
}

/** What was typed and what ran, for the report. */
export const commandTyped = () => ({
  version: version(),
  command: ["lyceum", ...process.argv.slice(2)].map(shellWord).join(" "),
});

/** As one would have to type it. */
const shellWord = (text: string) => (/^[\w./@:+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
