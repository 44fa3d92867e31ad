/** `lyceum run SYSTEM`: a published method with its baselines, measured. The flags come from the method's options. */
import { Command, Option } from "commander";
import type { Flag } from "../../systems/options.ts";
import type { System } from "../../systems/system.ts";
import { whole } from "../options.ts";

interface Own {
  readonly quick?: boolean;
  readonly full?: boolean;
  readonly jobs?: number;
  readonly out?: string;
  readonly json?: boolean;
}

export function run(program: Command): void {
  program
    .command("run")
    .description("run a published method with its baselines: lyceum run <system> [options]; lyceum systems lists them")
    .usage("<system> [options]")
    .argument("[words...]", "the system and its options; lyceum run <system> --help shows them")
    .allowUnknownOption()
    .helpOption(false)
    .action(async (words: readonly string[]) => {
      const [name, ...rest] = words;
      if (name === undefined || name === "--help" || name === "-h") {
        const { systemsText } = await import("../systems-text.ts");
        process.stdout.write(
          `Usage: lyceum run <system> [options]\n\n${await systemsText(process.stdout.columns || 100)}`,
        );
        return;
      }
      await runNamed(name, rest);
    });
}

async function runNamed(name: string, words: readonly string[]): Promise<void> {
  const [{ loadSystem }, { flagsOf, readFlag, settleOptions }, { showSystem }, { newRunFolder }, { commandTyped }] =
    await Promise.all([
      import("../../systems/registry.ts"),
      import("../../systems/options.ts"),
      import("../system-run.ts"),
      import("../run-folder.ts"),
      import("../lesson.ts"),
    ]);
  const { system } = await loadSystem(name);
  const flags = flagsOf(system);
  const command = commandFor(name, system, flags);
  command.parse(words, { from: "user" });
  const typed = command.opts<Own & Record<string, string | boolean | number>>();
  const given = Object.fromEntries(
    flags.flatMap((flag) => {
      const value = typed[attributeOf(flag)];
      return value === undefined ? [] : [[flag.key, readFlag(flag, value as string | boolean)]];
    }),
  );
  const preset = typed.full ? "full" : "quick";
  // Mistakes are told before a process is started.
  settleOptions(system as System<unknown, never>, given, preset);
  const job = {
    kind: "run",
    system: name,
    options: given,
    run: {
      out: typed.out ?? newRunFolder(system.name),
      preset,
      ...(typed.jobs !== undefined && { jobs: typed.jobs }),
      ...commandTyped(),
    },
  } as const;
  await showSystem(job, { json: typed.json ?? false });
}

const attributeOf = ({ flag }: Flag): string => new Option(flag).attributeName();

function commandFor(name: string, system: { title: string; summary: string }, flags: readonly Flag[]): Command {
  const command = new Command(`lyceum run ${name}`)
    .description(`${system.title}: ${system.summary}`)
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .showHelpAfterError(false)
    .helpOption("-h, --help", "print help")
    .allowExcessArguments(false);
  for (const { flag, help, default: value } of flags) {
    const shown =
      value === undefined || value === ""
        ? ""
        : ` (default: ${Array.isArray(value) ? value.join(",") : String(value)})`;
    command.option(flag, `${help}${shown}`);
  }
  return command
    .addOption(new Option("--quick", "a run of a minute (default)").conflicts("full"))
    .option("--full", "the run that is published")
    .option("--jobs <n>", "parts that are worked on at once (default: one per processor)", whole(1, 256))
    .option("--out <dir>", "the run folder (default: runs/<system>-<time>); the same folder and options go on with it")
    .option("--json", "print the report as JSON on standard output");
}
