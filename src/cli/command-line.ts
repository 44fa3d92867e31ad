/** All commands, put together. A command is one file in commands/ that adds itself to the program. */
import { Command } from "commander";
import { claims } from "./commands/claims.ts";
import { data } from "./commands/data.ts";
import { doctor } from "./commands/doctor.ts";
import { generate } from "./commands/generate.ts";
import { inspect } from "./commands/inspect.ts";
import { label } from "./commands/label.ts";
import { losses } from "./commands/losses.ts";
import { models } from "./commands/models.ts";
import { plan } from "./commands/plan.ts";
import { predict } from "./commands/predict.ts";
import { resume } from "./commands/resume.ts";
import { run } from "./commands/run.ts";
import { serve } from "./commands/serve.ts";
import { store } from "./commands/store.ts";
import { systems } from "./commands/systems.ts";
import { teach } from "./commands/teach.ts";
import { version } from "./version.ts";

const COMMANDS = [
  ...[teach, run, systems, claims, resume, plan],
  ...[predict, generate, serve, label],
  ...[inspect, data, store, models, losses, doctor],
];

const AFTER = `
Start here:
  lyceum teach                                  a teacher and a student on drawn digits, in about a minute
  lyceum teach --data fashion-mnist --seeds 3   real data, with confidence intervals
  lyceum teach --task text                      language models: one that was taught and one that was not
  lyceum run nd                                 a published method with its baselines (lyceum systems)
  lyceum doctor                                 does this machine compute what it should?`;

export function commandLine(): Command {
  const program = new Command("lyceum")
    .description("Any teacher teaches any student, and every lesson is measured.")
    .version(version(), "-v, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print help for a command")
    .addHelpText("after", AFTER);
  for (const add of COMMANDS) add(program);
  return quiet(program);
}

/** Errors are presented in one place (present.ts), so commander only throws. */
function quiet(command: Command): Command {
  command
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .showHelpAfterError(false);
  for (const child of command.commands) quiet(child as Command);
  return command;
}
