/**
 * Files that must never be half there (Node): written beside the target, flushed, then renamed over it, which one file
 * system does at once. The folder is flushed too, or a power cut could forget the rename.
 */
import { mkdir, open, rename, rm } from "node:fs/promises";
import path from "node:path";
import { explain } from "./report/write.ts";

/** Replaces or creates a file with the given parts, in order. @throws E_WRITE, E_DISK_FULL */
export async function writeAtomic(file: string, parts: readonly Uint8Array[]): Promise<void> {
  const draft = `${file}.${process.pid}.tmp`;
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
  await explain(folder, () => mkdir(folder, { recursive: true }));
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
