/** `lyceum resume RUN`: goes on with a run that was stopped or killed; it ends as if nothing had happened. */
import type { Command } from "commander";

export function resume(program: Command): void {
  program
    .command("resume")
    .description("go on with an interrupted run")
    .argument("<run>", "the folder of the run")
    .option("--json", "print the report as JSON on standard output")
    .action(async (run: string, { json = false }: { json?: boolean }) => {
      const { commandTyped, runLesson } = await import("../lesson.ts");
      await runLesson({ kind: "resume", folder: run, about: commandTyped() }, { json });
    });
}
