/** Looking after the teacher store: what is in it, is it whole, what may go. */
import { existsSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import path from "node:path";
import { fail, LyceumError } from "../errors.ts";
import { checkFields, chunkName, chunksOf, readChunk, readMeta, rowsOf, type StoreKey } from "./store.ts";

export interface StoreEntry {
  readonly id: string;
  readonly key: StoreKey;
  readonly chunks: number;
  /** Chunks on disk. */
  readonly present: number;
  readonly bytes: number;
}

/** All entries below `root`; folders that are no entries are passed over. */
export async function listStore(root: string): Promise<StoreEntry[]> {
  const names = await entryNames(root);
  return Promise.all(
    names.map(async (id) => {
      const key = await readMeta(root, id);
      const folder = path.join(root, id);
      const files = (await readdir(folder)).filter((name) => name.endsWith(".lyc"));
      const sizes = await Promise.all(files.map(async (name) => (await stat(path.join(folder, name))).size));
      return { id, key, chunks: chunksOf(key), present: files.length, bytes: sizes.reduce((a, b) => a + b, 0) };
    }),
  );
}

/** Reads every chunk of every entry. Problems come back as errors, so that one bad entry does not hide another. */
export async function verifyStore(root: string): Promise<{ chunks: number; problems: LyceumError[] }> {
  const problems: LyceumError[] = [];
  let chunks = 0;
  const names = await entryNames(root);
  for (const id of names) {
    try {
      const key = await readMeta(root, id);
      for (let c = 0; c < chunksOf(key); c++) {
        const file = path.join(root, id, chunkName(c));
        if (!existsSync(file)) continue;
        chunks++;
        const { arrays } = await readChunk(file, id, c);
        const [from, to] = rowsOf(key, c);
        checkFields(key, to - from, arrays, id);
      }
    } catch (error) {
      if (!(error instanceof LyceumError)) throw error;
      problems.push(error);
    }
  }
  return { chunks, problems };
}

/** Which entries `pruneStore` removes: one by its id (or the start of it), or all that were last used so long ago. */
export type Prune = { readonly id: string } | { readonly days: number };

/** Removes entries and returns their ids. Days count from the newest read or write. @throws E_STORE_UNKNOWN */
export async function pruneStore(root: string, which: Prune, now = Date.now()): Promise<string[]> {
  const names = await entryNames(root);
  const removed: string[] = [];
  for (const id of names) {
    const folder = path.join(root, id);
    const goes =
      "id" in which ? which.id.length >= 4 && id.startsWith(which.id) : await isOlder(folder, which.days, now);
    if (!goes) continue;
    await rm(folder, { recursive: true, force: true });
    removed.push(id);
  }
  if ("id" in which && removed.length === 0) {
    fail("E_STORE_UNKNOWN", `The teacher store has no entry "${which.id}".`, "See `lyceum store list`.");
  }
  return removed;
}

async function isOlder(folder: string, days: number, now: number): Promise<boolean> {
  let last = 0;
  for (const name of await readdir(folder)) {
    const { mtimeMs, atimeMs } = await stat(path.join(folder, name));
    last = Math.max(last, mtimeMs, atimeMs);
  }
  return last <= now - days * 86_400_000;
}

async function entryNames(root: string): Promise<string[]> {
  const names = await readdir(root).catch(() => [] as string[]);
  return names.filter((name) => /^[0-9a-f]{64}$/.test(name)).sort();
}
