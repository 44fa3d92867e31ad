/** `lyceum resume RUN`: goes on with a run that was stopped or killed; it ends as if nothing had happened. */
import type { Command } from "commander";

export function resume(program: Command): void {
  program
    .command("resume")
    .description("go on with an interrupted run")
    .argument("<run>", "the folder of the run")
    .option("--json", "print the report as JSON on standard output")
    .action(async (folder: string, { json = false }: { json?: boolean }) => {
      const [{ commandTyped, runLesson }, { readRun }] = await Promise.all([
        import("../lesson.ts"),
        import("../../systems/run.ts"),
      ]);
      const run = await readRun(folder);
      if (!run) return runLesson({ kind: "resume", folder, about: commandTyped() }, { json });
      const { showSystem } = await import("../system-run.ts");
      const system = run.module ?? run.system;
      await showSystem(
        { kind: "run", system, options: run.options, run: { out: folder, ...commandTyped() } },
        { json },
      );
    });
}
