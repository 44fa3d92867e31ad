/** What `lyceum teach` leaves in a folder, as far as the command line reads it. */
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fail } from "../errors.ts";
import { parseReport, type Report } from "../teaching/report/schema.ts";

/** `runs/<data>-<date>-<time>` below the current folder. */
export function newRunFolder(data: string, now = new Date()): string {
  const time = now.toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-");
  return join("runs", `${basename(data).replaceAll(/[^\w.-]+/g, "-")}-${time}`);
}

/** @throws E_NOT_FOUND when the folder has no report, E_REPORT when it is not a valid one */
export async function readReport(folder: string): Promise<Report> {
  const file = join(folder, "report.json");
  const text = await readFile(file, "utf8").catch((cause: unknown) =>
    fail(
      "E_NOT_FOUND",
      `"${folder}" has no report.json.`,
      `If the run was interrupted, go on with it: lyceum resume ${folder}.`,
      cause,
    ),
  );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    return fail("E_REPORT", `${file} is not JSON: it was truncated or changed.`, "Run the lesson again.", cause);
  }
  return parseReport(value);
}
