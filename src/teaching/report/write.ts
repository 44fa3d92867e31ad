/**
 * Writes report.json and report.html into a folder; a reader never sees half a file.
 *
 * The data are written before the page is drawn: whatever may go wrong with a figure, the numbers are safe. The page
 * needs a plotting library that takes longer to load than most commands run: it is loaded when there is a page to draw.
 */
import path from "node:path";
import { makeFolder, writeAtomic } from "../files.ts";
import { parseReport, type Report } from "./schema.ts";

/** @returns the two paths @throws E_REPORT, E_WRITE, E_DISK_FULL */
export async function writeReport(report: Report, folder: string): Promise<{ json: string; html: string }> {
  const valid = parseReport(report);
  await makeFolder(folder);
  const files = { json: path.join(folder, "report.json"), html: path.join(folder, "report.html") };
  const text = new TextEncoder();
  await writeAtomic(files.json, [text.encode(`${JSON.stringify(valid, null, 2)}\n`)]);
  const { reportHtml } = await import("./html.ts");
  await writeAtomic(files.html, [text.encode(reportHtml(valid))]);
  return files;
}
