/** `lyceum inspect FILE.onnx|RUN`: what a model file computes, or what a run has measured. */
import type { Command } from "commander";
import { fail } from "../../errors.ts";

export function inspect(program: Command): void {
  program
    .command("inspect")
    .description("look into an ONNX file (shapes, operators, parameters, taps) or a run folder (its report)")
    .argument("<path>", "an .onnx file, or the folder of a run")
    .option("--taps", "list every intermediate value that a loss can read")
    .action(async (path: string, { taps = false }: { taps?: boolean }) => {
      const { statSync } = await import("node:fs");
      const found = statSync(path, { throwIfNoEntry: false });
      if (!found) {
        fail("E_NOT_FOUND", `There is no "${path}".`, "Name an .onnx file, or the folder that lyceum teach wrote.");
      }
      const text = found.isDirectory() ? await inspectRun(path) : await inspectFile(path, taps);
      process.stdout.write(`${text.trimEnd()}\n`);
    });
}

async function inspectRun(folder: string): Promise<string> {
  const [{ readReport }, { reportTable }] = await Promise.all([
    import("../run-folder.ts"),
    import("../../teaching/report/table.ts"),
  ]);
  const report = await readReport(folder);
  return reportTable(report, { width: process.stdout.columns || 100 });
}

async function inspectFile(path: string, withTaps: boolean): Promise<string> {
  const [{ readFile }, { decodeModel }, { modelRows, tapNames }, { columns }] = await Promise.all([
    import("node:fs/promises"),
    import("../../tensor/onnx/proto.ts"),
    import("../describe-onnx.ts"),
    import("../columns.ts"),
  ]);
  const bytes = await readFile(path);
  const taps = tapNames(decodeModel(bytes));
  const table = columns(modelRows(bytes, taps.length), process.stdout.columns || 100);
  return withTaps ? `${table}\n\n${taps.join("\n")}` : table;
}
