/** `lyceum systems`: the published methods that `lyceum run` knows. */
import type { Command } from "commander";

export function systems(program: Command): void {
  program
    .command("systems")
    .description("list the published methods that lyceum run knows")
    .action(async () => {
      const { systemsText } = await import("../systems-text.ts");
      process.stdout.write(await systemsText(process.stdout.columns || 100));
      process.stdout.write("\nOptions of one: lyceum run <system> --help. What was reproduced: lyceum claims.\n");
    });
}
