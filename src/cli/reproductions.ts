/** The committed full runs: `reproductions/<system>/report.json` of this package. */
import { readdirSync } from "node:fs";
import path from "node:path";
import { fail } from "../errors.ts";
import type { Report } from "../teaching/report/schema.ts";
import { readReport } from "./run-folder.ts";

const FOLDER = path.join(import.meta.dirname, "../../reproductions");

/** In alphabetical order. @throws E_NOT_FOUND where the package was installed without them */
export async function reproductions(): Promise<Report[]> {
  let names: string[];
  try {
    names = readdirSync(FOLDER, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? [e.name] : []));
  } catch (cause) {
    return fail(
      "E_NOT_FOUND",
      "This installation holds no reproductions.",
      "Make your own: lyceum run <system> --full.",
      cause,
    );
  }
  return Promise.all(names.sort().map((name) => readReport(path.join(FOLDER, name))));
}
