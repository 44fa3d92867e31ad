/**
 * Writes report.json and report.html into a folder; a reader never sees half a file.
 *
 * The data are written before the page is drawn: whatever may go wrong with a figure, the numbers are safe.
 */
import { mkdir, open, rename, rm } from "node:fs/promises";
import path from "node:path";
import { fail } from "../../errors.ts";
import { reportHtml } from "./html.ts";
import { parseReport, type Report } from "./schema.ts";

/** @returns the two paths @throws E_REPORT, E_WRITE, E_DISK_FULL */
export async function writeReport(report: Report, folder: string): Promise<{ json: string; html: string }> {
  const valid = parseReport(report);
  await explain(folder, () => mkdir(folder, { recursive: true }));
  const files = { json: path.join(folder, "report.json"), html: path.join(folder, "report.html") };
  await writeWhole(files.json, `${JSON.stringify(valid, null, 2)}\n`);
  await writeWhole(files.html, reportHtml(valid));
  return files;
}

/** Two writes at once from one process must not share a draft. */
let drafts = 0;

/** Beside the target, flushed, then renamed over it: on one file system a rename is atomic. */
async function writeWhole(file: string, text: string): Promise<void> {
  const draft = `${file}.${process.pid}-${++drafts}.tmp`;
  await explain(file, async () => {
    try {
      const handle = await open(draft, "w");
      try {
        await handle.writeFile(text, "utf8");
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(draft, file);
    } catch (error) {
      await rm(draft, { force: true }).catch(() => {});
      throw error;
    }
  });
}

/** Turns the system's error codes into sentences. */
export async function explain<T>(target: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (code === "ENOSPC" || code === "EDQUOT")
      return fail("E_DISK_FULL", `There is no room left to write ${target}.`, "Free some space and run again.", error);
    const why = WHY[code];
    if (why)
      return fail("E_WRITE", `Cannot write ${target}: ${why}.`, "Choose another folder or correct this one.", error);
    throw error;
  }
}

const WHY: Readonly<Record<string, string>> = {
  EACCES: "you lack the permission",
  EPERM: "the system does not permit it",
  EROFS: "the file system is read-only",
  ENOTDIR: "a part of the path is a file, not a folder",
  EEXIST: "a file of that name stands where the folder should be",
  EISDIR: "a folder of that name stands where the file should be",
  ENOENT: "a folder on the way does not exist",
  ENAMETOOLONG: "the name is too long",
};
