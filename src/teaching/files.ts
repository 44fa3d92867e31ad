/**
 * Files that must never be half there (Node): written beside the target, flushed, then renamed over it, which one file
 * system does at once. The folder is flushed too, or a power cut could forget the rename.
 */
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { fail } from "../errors.ts";

/** Two writes at once from one process must not share a draft. */
let drafts = 0;

/** Replaces or creates a file with the given parts, in order. @throws E_WRITE, E_DISK_FULL */
export async function writeAtomic(file: string, parts: readonly Uint8Array[]): Promise<void> {
  const draft = `${file}.${process.pid}-${++drafts}.tmp`;
  await explain(file, async () => {
    try {
      const handle = await open(draft, "w");
      try {
        for (const part of parts) await handle.writeFile(part);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(draft, file);
      await syncFolder(path.dirname(file));
    } catch (error) {
      await rm(draft, { force: true }).catch(() => {});
      throw error;
    }
  });
}

/** Makes a folder and what lies above it. @throws E_WRITE, E_DISK_FULL */
export async function makeFolder(folder: string): Promise<void> {
  await explain(folder, () => makeEach(path.resolve(folder)));
}

/** Level by level: Node's own recursion never ends where a file system says "not found" to every mkdir, as /proc does. */
async function makeEach(folder: string): Promise<void> {
  const parent = path.dirname(folder);
  const made = () =>
    mkdir(folder).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST" || !(await stat(folder)).isDirectory()) throw error;
    });
  await made().catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT" || parent === folder) throw error;
    await makeEach(parent);
    await made();
  });
}

async function syncFolder(folder: string): Promise<void> {
  // Windows opens no folders; there the rename is as safe as it gets.
  const handle = await open(folder, "r").catch(() => undefined);
  if (!handle) return;
  await handle.sync().catch(() => {});
  await handle.close();
}

/** The bytes of a typed array, without a copy. */
export function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
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
