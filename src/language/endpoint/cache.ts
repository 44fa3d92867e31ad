/**
 * Answers by the content of their question, for all jobs of a machine: what was paid for once is not asked again.
 *
 * One file of sealed lines in the folder; an index of places is held, not the answers. Several jobs may append at once,
 * so a torn line is closed with a line break instead of being cut off: another writer's line may follow at any time, and
 * a line that does not match its checksum is passed over.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import path from "node:path";
import { explain, makeFolder } from "../../teaching/files.ts";
import { openLine, openLog, type Pass, readLines } from "./lines.ts";
import type { Answer } from "./request.ts";

export interface AnswerCache {
  readonly size: number;
  get(key: string): Promise<Answer | undefined>;
  /** Keeps the first answer to a question. */
  put(key: string, answer: Answer): Promise<void>;
  close(): Promise<void>;
}

/** Opens the cache in a folder, which is made if it does not exist. @throws E_WRITE, E_DISK_FULL */
export async function openCache(folder: string): Promise<AnswerCache> {
  await makeFolder(folder);
  const file = path.join(folder, "answers.jsonl");
  const places = new Map<string, { readonly from: number; readonly length: number }>();
  /** Of this process: where they lie in a file with other writers is not known. */
  const fresh = new Map<string, Answer>();
  const lines = readLines(file);
  let pass: Pass | undefined;
  while (!pass) {
    const next = await lines.next();
    if (next.done) pass = next.value;
    else if (typeof next.value.value.key === "string") {
      const { value, from, length } = next.value;
      const key = value.key as string;
      if (!places.has(key)) places.set(key, { from, length });
    }
  }
  if (pass.torn) await explain(file, async () => endLine(file));
  const log = await openLog(file);
  let reader: Promise<FileHandle> | undefined;
  return {
    get size() {
      return places.size + fresh.size;
    },
    get: async (key) => {
      const place = places.get(key);
      if (!place) return fresh.get(key);
      // The promise is kept, not the handle: many ask at once, and one shall open.
      const handle = await (reader ??= open(file, "r"));
      const { buffer } = await handle.read(Buffer.alloc(place.length), 0, place.length, place.from);
      // Read and checked again: the file may have been changed since.
      return openLine(buffer.toString("utf8"))?.answer as Answer | undefined;
    },
    put: async (key, answer) => {
      if (places.has(key) || fresh.has(key)) return;
      fresh.set(key, answer);
      await log.append({ key, answer });
    },
    close: async () => {
      await log.close();
      await (await reader)?.close();
    },
  };
}

function endLine(file: string): void {
  const fd = openSync(file, "a");
  writeSync(fd, "\n");
  closeSync(fd);
}
