/**
 * Reads a tar archive held in memory: regular files only, by their base names.
 *
 * Source: POSIX ustar (512-byte headers, octal sizes). Folders inside the archive are dropped on purpose: no path of an
 * archive may decide where a file is written.
 */
import { fail } from "../errors.ts";

const BLOCK = 512;

/** @throws E_DATA_FORMAT (header checksum), E_DATA_TRUNCATED */
export function untar(bytes: Uint8Array, name = "tar data"): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (let at = 0; at + BLOCK <= bytes.length; ) {
    const header = bytes.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) return files;
    if (checksum(header) !== octal(header, 148, 8)) {
      fail("E_DATA_FORMAT", `"${name}" has a damaged tar header at byte ${at}.`, "Download it again.");
    }
    const size = octal(header, 124, 12);
    const start = at + BLOCK;
    if (start + size > bytes.length) {
      fail("E_DATA_TRUNCATED", `"${name}" stops inside the file "${text(header, 0, 100)}".`, "Download it again.");
    }
    const kind = header[156]!;
    const base = text(header, 0, 100).split("/").at(-1)!;
    if ((kind === 0 || kind === 0x30) && base && base !== ".." && base !== ".")
      files.set(base, bytes.subarray(start, start + size));
    at = start + Math.ceil(size / BLOCK) * BLOCK;
  }
  return fail("E_DATA_TRUNCATED", `"${name}" has no end-of-archive mark.`, "Download it again.");
}

const text = (header: Uint8Array, at: number, length: number): string =>
  new TextDecoder().decode(header.subarray(at, at + length)).replace(/\0.*$/s, "");

const octal = (header: Uint8Array, at: number, length: number): number =>
  Number.parseInt(text(header, at, length).trim() || "0", 8);

/** Sum of the header's bytes, its checksum field counted as blanks. */
const checksum = (header: Uint8Array): number =>
  header.reduce((sum, byte, i) => sum + (i >= 148 && i < 156 ? 0x20 : byte), 0);
