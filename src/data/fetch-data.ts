/**
 * Fetches a data set of the catalogue into the cache: download, check, unpack. Files that are there are left alone.
 */
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fail } from "../errors.ts";
import { gunzipIfNeeded } from "./bytes.ts";
import { CATALOGUE, type CatalogueEntry, catalogueEntry, meantEntry } from "./catalogue.ts";
import { type DownloadEvent, type DownloadOptions, download } from "./download.ts";
import { cacheFolder } from "./resolve.ts";
import { untar } from "./tar.ts";

/**
 * Downloads the files of `name` (or of an entry of your own) to `<cache>/<name>`.
 * @throws E_DATA_NOT_FOUND for an unknown name or one without files, and what {@link download} throws
 */
export async function* fetchData(
  name: string | CatalogueEntry,
  { folder, ...options }: Omit<DownloadOptions, "sha256"> & { folder?: string } = {},
): AsyncGenerator<DownloadEvent, void> {
  const entry = typeof name === "string" ? catalogueEntry(name) : name;
  if (!entry || entry.files.length === 0) {
    const guess = typeof name === "string" && !entry ? meantEntry(name) : undefined;
    const known = CATALOGUE.filter(({ files }) => files.length > 0).map((e) => e.name);
    return fail(
      "E_DATA_NOT_FOUND",
      entry
        ? `"${entry.name}" has nothing to download (${entry.format}).`
        : `No data set "${name as string}" is known.`,
      `${guess ? `Did you mean "${guess}"? ` : ""}Can be fetched: ${known.join(", ")}.`,
    );
  }
  const target = folder ?? join(cacheFolder(), entry.name);
  await mkdir(target, { recursive: true });
  for (const file of entry.files) {
    const path = join(target, file.name);
    const mark = join(target, `.${file.name}.unpacked`);
    if (existsSync(file.unpack ? mark : path)) continue;
    if (!existsSync(path)) yield* download(file.url, path, { ...options, ...(file.sha256 && { sha256: file.sha256 }) });
    if (!file.unpack) continue;
    for (const [inner, bytes] of untar(gunzipIfNeeded(await readFile(path), path), path)) {
      await writeFile(join(target, `${inner}.part`), bytes);
      await rename(join(target, `${inner}.part`), join(target, inner));
    }
    await writeFile(mark, "");
    await rm(path);
  }
}
