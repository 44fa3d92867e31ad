/** `lyceum doctor`: does this machine, and this build, compute what it should? */
import type { Command } from "commander";
import { fail, LyceumError } from "../../errors.ts";
import { terminal } from "../terminal.ts";

export function doctor(program: Command): void {
  program
    .command("doctor")
    .description("check Node, the engine, its gradients, the laws of the losses, and write access")
    .action(async () => {
      const { checks } = await import("../checks.ts");
      const { write, paint } = terminal(process.stdout);
      const all = checks();
      const width = Math.max(...all.map(({ name }) => name.length));
      let failed = 0;
      for (const { name, run } of all) {
        try {
          const seen = await run();
          write(`${paint("green", "✓")} ${name.padEnd(width)}  ${seen}\n`);
        } catch (error) {
          if (!(error instanceof LyceumError)) throw error;
          failed++;
          write(`${paint("yellow", "✗")} ${name.padEnd(width)}  ${error.code}: ${error.message}\n`);
        }
      }
      if (failed > 0) fail("E_DOCTOR", `${failed} of ${all.length} checks failed.`, "Each says above what to do.");
    });
}
