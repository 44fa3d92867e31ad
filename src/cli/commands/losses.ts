/** `lyceum losses`: what `--loss` takes. */
import type { Command } from "commander";

export function losses(program: Command): void {
  program
    .command("losses")
    .description("list the losses that --loss takes, with their sources")
    .action(async () => {
      const [{ losses: known }, { columns }] = await Promise.all([
        import("../../teaching/losses/registry.ts"),
        import("../columns.ts"),
      ]);
      const rows = Object.entries(known).map(([name, { summary, source, needs, weight }]) => [
        name,
        String(weight),
        needs.taps ? `taps (${needs.taps})` : needs.logits ? "logits" : "labels",
        `${summary} (${source})`,
      ]);
      const head = ["loss", "weight", "reads", "what it compares"];
      process.stdout.write(`${columns([head, ...rows], process.stdout.columns || 100)}\n`);
      process.stdout.write("\nSeveral together: --loss kd,dkd. With weights: --loss kd:0.9,ce:0.1.\n");
    });
}
