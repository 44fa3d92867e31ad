/** `lyceum claims`: what the papers claim, what the committed full runs measured, and the verdicts. */
import type { Command } from "commander";

export function claims(program: Command): void {
  program
    .command("claims")
    .description("the claims of the papers against the committed full runs")
    .argument("[run]", "a run folder instead of the committed runs")
    .option("--json", "as JSON")
    .action(async (run: string | undefined, { json = false }: { json?: boolean }) => {
      const [{ reproductions }, { readReport }, { columns }, { stopped }] = await Promise.all([
        import("../reproductions.ts"),
        import("../run-folder.ts"),
        import("../columns.ts"),
        import("../claim-lines.ts"),
      ]);
      const reports = run === undefined ? await reproductions() : [await readReport(run)];
      const rows = reports.flatMap(({ system, claims: judged }) => judged.map((claim) => ({ system, ...claim })));
      if (json) {
        process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
        return;
      }
      const table = rows.map(({ system, verdict, text, paper, measured, why }) => [
        system,
        verdict,
        `${text} Paper: ${stopped(paper)} Here: ${stopped(measured)}${why ? ` ${why}` : ""}`,
      ]);
      const width = process.stdout.columns || 100;
      process.stdout.write(`${columns([["system", "verdict", "claim"], ...table], width)}\n`);
    });
}
