/** `lyceum teach`: a teacher, a student it teaches, and a student that learns without it; measured. */
import { type Command, Option } from "commander";
import type { CourseOptions } from "../../language/course/index.ts";
import { whole } from "../options.ts";

interface Flags {
  readonly task: "classes" | "text";
  readonly data: string;
  readonly teacher?: string;
  readonly student?: string;
  readonly loss: string;
  readonly seeds: number;
  readonly seed: number;
  readonly epochs?: number;
  readonly source?: string;
  readonly monitor?: string;
  readonly out?: string;
  readonly json?: boolean;
}

const AFTER = `
Without options: drawn digits, generated here; no download, about a minute.
Models: lyceum models. Losses: lyceum losses. Data: lyceum data list.

With --task text, language models (default: sentences of a small grammar, generated here):
  --data     tinyshakespeare, a .txt or .jsonl file, or a folder of .txt files
  --teacher  llama-0.03m, llama-0.2m, llama-0.8m (default) or llama-3m to train first, the folder of a model, an .onnx
             file with its tokenizer.json beside it, or an endpoint, URL#model
  --student  a size as above (default: llama-0.2m), or the folder of a model to go on from
  --loss     forward-kl (default), reverse-kl, jsd, skew-kl, skew-reverse-kl or sequence; of an endpoint sequence
             (default), or forward-kl where it tells log-probabilities and has the tokeniser of the student's folder
  --source   text (default), offline, online-teacher, online-student or mixture (student and offline): whose words the
             student reads
  --monitor  hacking: an alarm when the student fits its teacher at the cost of the truth
The student is left in <out>/student, for lyceum generate and lyceum serve.

An interrupted run goes on with: lyceum resume <folder>.`;

export function teach(program: Command): void {
  program
    .command("teach")
    .description("teach a small student by a big teacher, and measure what was kept and lost")
    .addOption(new Option("--task <task>", "what is learnt").choices(["classes", "text"]).default("classes"))
    .option("--data <name|path>", "a name from lyceum data list, or a folder or file of yours", "drawn-digits")
    .option("--teacher <name|file>", "a model to train first, or an .onnx file that is trained already")
    .option("--student <name|file>", "a model, or a module of yours that exports one")
    .option("--loss <names>", "what the student learns from the teacher, for example kd,dkd", "kd")
    .option("--seeds <n>", "repeat with so many seeds; three or more give intervals", whole(1, 100), 1)
    .option("--seed <n>", "the first seed", whole(0, 2 ** 31 - 1), 1)
    .option("--epochs <n>", "passes over the training data, for both students (default: by the data)", whole(1, 10_000))
    .option("--source <name>", "with --task text: whose words the student reads")
    .option("--monitor <name>", "with --task text: what to watch for while it learns")
    .option("--out <dir>", "the run folder (default: runs/<data>-<time>)")
    .option("--json", "print the report as JSON on standard output")
    .addHelpText("after", AFTER)
    .action(async ({ task, json = false, seed, seeds, out, source, monitor, ...given }: Flags, command: Command) => {
      const [{ newRunFolder }, { commandTyped, runLesson }, { fail }] = await Promise.all([
        import("../run-folder.ts"),
        import("../lesson.ts"),
        import("../../errors.ts"),
      ]);
      const common = { seeds: Array.from({ length: seeds }, (_, i) => seed + i), ...commandTyped() };
      if (task === "text") {
        const { settleCourse } = await import("../../language/course/options.ts");
        // What the help gives as defaults is for the other task.
        const typed = Object.entries(given).filter(([name]) => command.getOptionValueSource(name) !== "default");
        const chosen = Object.fromEntries(typed) as Omit<CourseOptions, "out">;
        const more = { ...(source !== undefined && { source }), ...(monitor !== undefined && { monitor }) };
        const options = { ...chosen, ...more, ...common, out: out ?? newRunFolder(chosen.data ?? "small-english") };
        // Mistakes are told before a process is started.
        settleCourse(options);
        await runLesson({ kind: "course", options }, { json });
        return;
      }
      const foreign = source === undefined ? (monitor === undefined ? undefined : "--monitor") : "--source";
      if (foreign) {
        fail(
          "E_OPTION",
          `${foreign} is for language models, and the task is ${task}.`,
          "Add --task text, or leave it out.",
        );
      }
      await runLesson(
        { kind: "teach", options: { ...given, ...common, out: out ?? newRunFolder(given.data) } },
        { json },
      );
    });
}
