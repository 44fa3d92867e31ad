/**
 * From what a user types to a split: a name of the catalogue, a folder or a file, recognised by its content.
 *
 * A path that exists wins over a name. Names are looked up in `$LYCEUM_DATA/<name>` and then in the cache
 * (`$LYCEUM_CACHE`, or `~/.cache/lyceum/data`). Nothing is downloaded here: `fetchData` does that when asked.
 */
import { existsSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join, resolve } from "node:path";
import { fail } from "../errors.ts";
import type { Key } from "../tensor/random.ts";
import { type ArrayFolderOptions, PART_NAMES, readCifarFolder, readIdxFolder, readNpzData } from "./array-folders.ts";
import { loadFile } from "./bytes.ts";
import { CATALOGUE, type CatalogueEntry, catalogueEntry, meantEntry } from "./catalogue.ts";
import type { ArrayDataset, SourceFile, Split } from "./dataset.ts";
import { drawnDigits } from "./digits.ts";
import { type ImageFolderOptions, readImageFolder } from "./image-folder.ts";
import { completeSplit, type Parts } from "./parts.ts";
import { parseTable, tableFormat } from "./table.ts";
import { type TableDatasetOptions, tableDataset } from "./table-dataset.ts";

/** All optional: everything has a default or is recognised. */
export interface ResolveOptions
  extends Omit<ArrayFolderOptions, "classes">,
    Omit<TableDatasetOptions, "classes">,
    ImageFolderOptions {
  readonly classes?: readonly string[];
  /** Sizes and key of the generated set. */
  readonly digits?: {
    readonly key?: Key;
    readonly train?: number;
    readonly validation?: number;
    readonly test?: number;
  };
}

/** Where downloads are kept. */
export const cacheFolder = (): string =>
  process.env.LYCEUM_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "lyceum", "data");

/** Folders in which a named data set is looked for, in order. */
export const dataFolders = (name: string): string[] =>
  [process.env.LYCEUM_DATA, cacheFolder()].flatMap((root) => (root ? [join(root, name)] : []));

/**
 * Resolves a name or path to a train/validation/test split.
 * @throws E_DATA_NOT_FOUND when nothing is there, E_DATA_UNKNOWN when something is there but not recognised, and
 * whatever the reader of a recognised format throws
 */
export async function resolveData(nameOrPath: string, options: ResolveOptions = {}): Promise<Split> {
  const entry = catalogueEntry(nameOrPath);
  if (entry?.format === "embedded") return drawnDigits(options.digits);
  const tried = [resolve(nameOrPath), ...(entry ? dataFolders(entry.name) : [])];
  const path = tried.find((candidate) => existsSync(candidate));
  if (path === undefined) return notFound(nameOrPath, tried, entry);
  const name = entry?.name ?? basename(path).replace(/(\.[a-z]+){1,2}$/i, "");
  const classes = options.classes ?? entry?.classes;
  const parts = await read(path, name, { ...options, ...(classes && { classes }) });
  return completeSplit(parts, {
    name,
    path,
    ...(entry && { title: entry.title, licence: entry.licence }),
    ...(entry?.notes && { notes: entry.notes }),
  });
}

function notFound(wanted: string, tried: readonly string[], entry: CatalogueEntry | undefined): never {
  const known = CATALOGUE.map(({ name }) => name).join(", ");
  const guess = entry ? undefined : meantEntry(wanted);
  const hint = entry
    ? entry.files.length > 0
      ? `Fetch it with \`lyceum data fetch ${entry.name}\`, or set LYCEUM_DATA to the folder that holds "${entry.name}".`
      : `Set LYCEUM_DATA to the folder that holds "${entry.name}"; it cannot be downloaded.`
    : `${guess ? `Did you mean "${guess}"? ` : ""}Known names: ${known}.`;
  return fail("E_DATA_NOT_FOUND", `No data "${wanted}": looked at ${tried.join(", ")}.`, hint);
}

async function read(path: string, name: string, options: ResolveOptions): Promise<Parts> {
  if (statSync(path).isFile()) {
    const parts = path.endsWith(".npz")
      ? await readNpzData(path, name, options)
      : tableFormat(path) && (await readTableParts({ train: path }, name, options));
    return parts || unknown(path);
  }
  return (
    (await readIdxFolder(path, name, options)) ??
    (await readCifarFolder(path, name, options)) ??
    (await readNpzData(path, name, options)) ??
    (await readTableParts(tablesIn(path), name, options)) ??
    (await readImageFolder(path, name, options)) ??
    unknown(path)
  );
}

function unknown(path: string): never {
  return fail(
    "E_DATA_UNKNOWN",
    `"${path}" holds no data in a form that is recognised.`,
    "Expected one of: IDX files (train-images-idx3-ubyte.gz, ...), CIFAR binaries (data_batch_1.bin or train.bin), train.npz, " +
      "train.csv/.tsv/.jsonl/.parquet with a label column, or pictures in folders named after their class.",
  );
}

type PartPaths = { readonly [P in keyof typeof PART_NAMES]?: string };

/** `train.csv`, `test.csv`, ... of any table format in a folder. */
function tablesIn(folder: string): PartPaths {
  const extensions = ["csv", "tsv", "jsonl", "parquet"].flatMap((e) => [e, `${e}.gz`]);
  const find = (names: readonly string[]) =>
    names.flatMap((n) => extensions.map((e) => join(folder, `${n}.${e}`))).find((file) => existsSync(file));
  const found = (Object.keys(PART_NAMES) as (keyof typeof PART_NAMES)[]).map((part) => [part, find(PART_NAMES[part])]);
  return Object.fromEntries(found.filter(([, file]) => file !== undefined)) as PartPaths;
}

async function readTableParts(paths: PartPaths, name: string, options: ResolveOptions): Promise<Parts | undefined> {
  const files: SourceFile[] = [];
  const parts: { -readonly [P in keyof typeof PART_NAMES]?: ArrayDataset } = {};
  for (const part of ["train", "validation", "test"] as const) {
    const path = paths[part];
    if (!path) continue;
    const { bytes, file } = await loadFile(path);
    files.push(file);
    const table = await parseTable(bytes, path);
    const classes = options.classes ?? parts.train?.classes;
    const { label, features } = options;
    parts[part] = tableDataset(table, `${name}/${part}`, {
      ...(classes && { classes }),
      ...(label !== undefined && { label }),
      ...(features && { features }),
    });
  }
  return files.length > 0 ? { ...parts, files } : undefined;
}
