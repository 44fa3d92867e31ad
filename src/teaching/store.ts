/**
 * The teacher store (Node): what a teacher says about a data set, computed once and read by every student and seed.
 *
 * Content-addressed: the key is the SHA-256 of everything that decides the values (see `StoreKey`), so another teacher,
 * other pictures, another augmentation or another tap is another entry, never a silent wrong read. An entry is a folder of
 * sealed chunks of rows; each chunk carries the key and its place, so chunks cannot be swapped, and labelling that was
 * killed goes on with the first missing chunk.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { fail } from "../errors.ts";
import { makeFolder, writeAtomic } from "./files.ts";
import { readSealed, type Sealed, Unsealed, writeSealed } from "./sealed.ts";

/** Everything that decides the stored values. */
export interface StoreKey {
  /** SHA-256 of the teacher's weights and architecture, or of its file. */
  readonly teacher: string;
  /** Content hash of the data set, normalisation included. */
  readonly data: string;
  /** The augmentation and its key, or "none": the teacher must have seen what the student sees. */
  readonly views: string;
  /** Values per example by name: "logits" and taps. */
  readonly fields: Readonly<Record<string, number>>;
  readonly rows: number;
  readonly dtype: "f32";
}

/** Rows per chunk: some hundred kilobytes of logits, so that a kill costs little work and files stay few. */
const CHUNK = 4096;
const VERSION = 1;

/** What the teacher says about all examples: by field, `[rows, size]`, row-major. */
export type StoredRows = ReadonlyMap<string, Float32Array>;

/** Rows that are ready. */
export interface ChunkDone {
  readonly done: number;
  readonly of: number;
  readonly computed: boolean;
}

/** Content address of an entry: 64 hexadecimal digits. */
export function storeId(key: StoreKey): string {
  const { teacher, data, views, fields, rows, dtype } = key;
  const sorted = Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256")
    .update(JSON.stringify([VERSION, teacher, data, views, sorted, rows, dtype]))
    .digest("hex");
}

/**
 * The rows of `key` from the store below `root`; missing chunks are computed by `label(from, to)` (rows `from` up to
 * `to`, by field) and written. Yields after every chunk, saying whether it had to be computed.
 * @throws E_STORE_CORRUPT, E_STORE_MISMATCH, E_WRITE, E_DISK_FULL
 */
export async function* storedRows(
  root: string,
  key: StoreKey,
  label: (from: number, to: number) => Promise<Readonly<Record<string, Float32Array>>>,
): AsyncGenerator<ChunkDone, StoredRows> {
  const id = storeId(key);
  const folder = path.join(root, id);
  await makeFolder(folder);
  const meta = path.join(folder, "meta.json");
  if (existsSync(meta)) await readMeta(root, id);
  else await writeAtomic(meta, [new TextEncoder().encode(`${JSON.stringify({ version: VERSION, key }, null, 2)}\n`)]);
  const out = new Map(Object.entries(key.fields).map(([name, size]) => [name, new Float32Array(key.rows * size)]));
  const chunks = chunksOf(key);
  for (let c = 0; c < chunks; c++) {
    const file = path.join(folder, chunkName(c));
    const [from, to] = rowsOf(key, c);
    const known = existsSync(file);
    if (!known) {
      const rows = await label(from, to);
      checkFields(key, to - from, new Map(Object.entries(rows)), id);
      await writeSealed(file, { kind: "teacher", id, chunk: c }, rows);
    }
    // Read back even what was just written: students see the bytes that the next run will see.
    const { arrays } = await readChunk(file, id, c);
    checkFields(key, to - from, arrays, id);
    for (const [name, values] of arrays) out.get(name)!.set(values, from * key.fields[name]!);
    yield { done: to, of: key.rows, computed: !known };
  }
  return out;
}

export const chunksOf = (key: StoreKey): number => Math.ceil(key.rows / CHUNK);
/** Rows `[from, to)` of a chunk. */
export const rowsOf = (key: StoreKey, chunk: number): [number, number] => [
  chunk * CHUNK,
  Math.min(key.rows, (chunk + 1) * CHUNK),
];
export const chunkName = (chunk: number): string => `rows-${String(chunk).padStart(6, "0")}.lyc`;

/** The key that an entry claims; it must hash to the entry's own name. */
export async function readMeta(root: string, id: string): Promise<StoreKey> {
  let key: StoreKey;
  try {
    key = (JSON.parse(await readFile(path.join(root, id, "meta.json"), "utf8")) as { key: StoreKey }).key;
    // Touches every part: a file with missing fields ends here too.
    storeId(key);
  } catch (cause) {
    return corrupt(id, "meta.json", "it cannot be read", cause);
  }
  if (storeId(key) !== id) {
    fail(
      "E_STORE_MISMATCH",
      `Entry ${id.slice(0, 12)} of the teacher store describes other content than its address says.`,
      "Remove it with `lyceum store prune`; it will be computed again.",
    );
  }
  return key;
}

export async function readChunk(file: string, id: string, chunk: number): Promise<Sealed> {
  let sealed: Sealed;
  try {
    sealed = await readSealed(file);
  } catch (cause) {
    const why = cause instanceof Unsealed ? cause.message : `it cannot be read (${(cause as Error).message})`;
    return corrupt(id, path.basename(file), why, cause);
  }
  const about = sealed.about as { kind?: string; id?: string; chunk?: number };
  if (about.kind !== "teacher" || about.id !== id || about.chunk !== chunk) {
    fail(
      "E_STORE_MISMATCH",
      `${path.basename(file)} in entry ${id.slice(0, 12)} of the teacher store belongs elsewhere.`,
      "Remove the entry with `lyceum store prune`; it will be computed again.",
    );
  }
  return sealed;
}

export function checkFields(key: StoreKey, rows: number, arrays: ReadonlyMap<string, Float32Array>, id: string): void {
  const wanted = Object.entries(key.fields);
  if (arrays.size === wanted.length && wanted.every(([n, size]) => arrays.get(n)?.length === rows * size)) return;
  fail("E_STORE_MISMATCH", `Entry ${id.slice(0, 12)} of the teacher store holds other fields than its key names.`);
}

function corrupt(id: string, file: string, why: string, cause: unknown): never {
  return fail(
    "E_STORE_CORRUPT",
    `${file} of entry ${id.slice(0, 12)} in the teacher store is damaged: ${why}.`,
    "Remove it with `lyceum store prune`; it will be computed again.",
    cause,
  );
}
