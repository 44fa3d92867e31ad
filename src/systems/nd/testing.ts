/** For the tests of this system: runs it in this process and gives the report. Not part of the package. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";
import type { Report } from "../../teaching/report/schema.ts";
import { type RunOptions, runSystem } from "../run.ts";
import system from "./index.ts";

export function folder(): string {
  const made = mkdtempSync(path.join(tmpdir(), "lyceum-nd-"));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

export async function runNd(options: Record<string, unknown>, run: Partial<RunOptions> = {}): Promise<Report> {
  const root = folder();
  let report: Report | undefined;
  for await (const event of runSystem(system, options, {
    out: path.join(root, "run"),
    store: path.join(root, "store"),
    ...run,
  })) {
    if (event.type === "finished") report = event.report;
  }
  return report!;
}
