/**
 * Append-only files of JSON lines that survive being killed in the middle of a write.
 *
 * Each line ends with a checksum of itself as its last field, so it stays a plain JSON line for every other reader, while
 * a torn or changed one is noticed. Writes are synchronous: a line is with the system before the next thing happens,
 * which is what makes "written before it was sent" true after kill -9. Against a power cut there is `flush`.
 */
import { createHash } from "node:crypto";
import { closeSync, createReadStream, existsSync, fsyncSync, openSync, writeSync } from "node:fs";
import { truncate } from "node:fs/promises";
import path from "node:path";
import { explain, makeFolder } from "../../teaching/files.ts";

const FIELD = ',"sum":"';
/** `,"sum":"` 16 digits `"}` */
const TAIL = FIELD.length + 18;

const sumOf = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);

/** A JSON object as a sealed line, with its line break. */
export function sealLine(value: object): string {
  const text = JSON.stringify(value);
  return `${text.slice(0, -1)}${FIELD}${sumOf(text)}"}\n`;
}

/** The object of a line, without its checksum; undefined where the line is not what was written. */
export function openLine(line: string): Record<string, unknown> | undefined {
  if (line.length <= TAIL || !line.startsWith(FIELD, line.length - TAIL) || !line.endsWith('"}')) return undefined;
  const text = `${line.slice(0, -TAIL)}}`;
  return line.slice(-18, -2) === sumOf(text) ? (JSON.parse(text) as Record<string, unknown>) : undefined;
}

export interface Line {
  readonly value: Record<string, unknown>;
  /** Bytes of the line, without its break. */
  readonly from: number;
  readonly length: number;
}

/** What a pass over a file found besides its good lines. */
export interface Pass {
  /** Lines that are not what was written, a torn last one not counted. */
  damaged: number;
  /** Bytes up to the end of the last whole line. */
  end: number;
  torn: boolean;
}

/** The good lines of a file, in order; none where there is no file. Holds one line at a time. */
export async function* readLines(file: string): AsyncGenerator<Line, Pass> {
  const pass: Pass = { damaged: 0, end: 0, torn: false };
  if (!existsSync(file)) return pass;
  // By bytes: a reader of text would end lines at U+2028 too, and count changed bytes wrongly.
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(file)) {
    // Only the new part is searched, else a long line would be searched again with each chunk of it.
    let at = rest.length;
    rest = Buffer.concat([rest, chunk as Buffer]);
    let from = 0;
    for (let end = rest.indexOf(10, at); end >= 0; end = rest.indexOf(10, at)) {
      const value = openLine(rest.toString("utf8", from, end));
      if (value) yield { value, from: pass.end, length: end - from };
      else if (end > from) pass.damaged++;
      pass.end += end + 1 - from;
      at = from = end + 1;
    }
    rest = rest.subarray(from);
  }
  // Without its line break: the write was cut off, even if by chance all else is there.
  pass.torn = rest.length > 0;
  return pass;
}

export interface Log {
  append(value: object): Promise<void>;
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** Opens for appending. A torn last line must have been cut off before. @throws E_WRITE, E_DISK_FULL */
export async function openLog(file: string): Promise<Log> {
  await makeFolder(path.dirname(file));
  const fd = await explain(file, async () => openSync(file, "a"));
  return {
    append: (value) => appendTo(file, fd, value),
    flush: () => explain(file, async () => fsyncSync(fd)),
    close: async () => closeSync(fd),
  };
}

function appendTo(file: string, fd: number, value: object): Promise<void> {
  return explain(file, async () => {
    const bytes = Buffer.from(sealLine(value));
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
  });
}

/** Cuts off what a killed write left behind the last whole line. Only for a file that this process alone writes. */
export const cutTail = (file: string, { torn, end }: Pass): Promise<void> =>
  torn ? explain(file, () => truncate(file, end)) : Promise.resolve();
