#!/usr/bin/env node
/**
 * The command line: `lyceum <command>`.
 *
 * Everything heavy is imported inside the commands, so that help and mistakes answer at once. Exit status: 0 done,
 * 1 a bug of ours, 2 something the user can put right, 130 interrupted.
 */
import { commandLine } from "./command-line.ts";
import { present } from "./present.ts";

// A reader that closes early (`lyceum ... | head`) is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
}

try {
  const { argv } = process;
  await commandLine().parseAsync(argv.length > 2 ? argv : [...argv, "--help"]);
} catch (error) {
  const { text, status } = present(error);
  if (text) process.stderr.write(`${text}\n`);
  process.exitCode = status;
}
