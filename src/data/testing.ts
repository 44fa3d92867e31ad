/**
 * Helpers of the data tests: an error's code, temporary folders, real data when there is some.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { LyceumError } from "../errors.ts";

/** The code of the LyceumError that `work` throws, or what else happened. */
export async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    return error instanceof LyceumError ? error.code : `not a LyceumError: ${error}`;
  }
  return "no error";
}

/** A folder that is removed after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "lyceum-data-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Path below `$LYCEUM_DATA`, when it is set and there. */
export function realData(...path: string[]): string | undefined {
  const root = process.env.LYCEUM_DATA;
  const full = root && join(root, ...path);
  return full && existsSync(full) ? full : undefined;
}
