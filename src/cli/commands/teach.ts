/** `lyceum teach`: a teacher, a student it teaches, and a student that learns without it; measured. */
import type { Command } from "commander";
import { whole } from "../options.ts";

interface Flags {
  readonly data: string;
  readonly teacher?: string;
  readonly student?: string;
  readonly loss: string;
  readonly seeds: number;
  readonly seed: number;
  readonly epochs?: number;
  readonly out?: string;
  readonly json?: boolean;
}

const AFTER = `
Without options: drawn digits, generated here; no download, about a minute.
Models: lyceum models. Losses: lyceum losses. Data: lyceum data list.
An interrupted run goes on with: lyceum resume <folder>.`;

export function teach(program: Command): void {
  program
    .command("teach")
    .description("teach a small student by a big teacher, and measure what was kept and lost")
    .option("--data <name|path>", "a name from lyceum data list, or a folder or file of yours", "drawn-digits")
    .option("--teacher <name|file>", "a model to train first, or an .onnx file that is trained already")
    .option("--student <name|file>", "a model, or a module of yours that exports one")
    .option("--loss <names>", "what the student learns from the teacher, for example kd,dkd", "kd")
    .option("--seeds <n>", "repeat with so many seeds; three or more give intervals", whole(1, 100), 1)
    .option("--seed <n>", "the first seed", whole(0, 2 ** 31 - 1), 1)
    .option("--epochs <n>", "passes over the training data, for both students (default: by the data)", whole(1, 10_000))
    .option("--out <dir>", "the run folder (default: runs/<data>-<time>)")
    .option("--json", "print the report as JSON on standard output")
    .addHelpText("after", AFTER)
    .action(async ({ json = false, seed, seeds, out, ...options }: Flags) => {
      const [{ newRunFolder }, { commandTyped, runLesson }] = await Promise.all([
        import("../run-folder.ts"),
        import("../lesson.ts"),
      ]);
      const job = {
        ...options,
        seeds: Array.from({ length: seeds }, (_, i) => seed + i),
        out: out ?? newRunFolder(options.data),
        ...commandTyped(),
      };
      await runLesson({ kind: "teach", options: job }, { json });
    });
}
