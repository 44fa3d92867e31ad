/**
 * Sealed files: a JSON header and named f32 arrays under one SHA-256, for checkpoints and for the teacher store.
 *
 * Layout: 8 bytes magic, u32 length of the header (little-endian), header, padding to 4 bytes, arrays back to back,
 * 32 bytes SHA-256 of everything before. The hash catches a single changed bit and every truncation, so whatever can
 * be read is what was written. No pickles, no code: nothing in such a file is ever executed.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { bytesOf, writeAtomic } from "./files.ts";

const MAGIC = "LYSEAL01";
const PREFIX = 12;
const SEAL = 32;

/** What a header holds beside the caller's own fields. */
interface Header {
  readonly about: unknown;
  readonly arrays: readonly { readonly name: string; readonly length: number }[];
}

export interface Sealed {
  /** The caller's fields, as JSON gave them back: check them before use. */
  readonly about: unknown;
  readonly arrays: ReadonlyMap<string, Float32Array>;
}

/** Writes a sealed file at once. @throws E_WRITE, E_DISK_FULL */
export async function writeSealed(
  file: string,
  about: unknown,
  arrays: Readonly<Record<string, Float32Array>>,
): Promise<void> {
  const entries = Object.entries(arrays);
  const header: Header = { about, arrays: entries.map(([name, { length }]) => ({ name, length })) };
  const text = new TextEncoder().encode(JSON.stringify(header));
  const head = new Uint8Array(padded(PREFIX + text.length));
  head.set(new TextEncoder().encode(MAGIC));
  new DataView(head.buffer).setUint32(8, text.length, true);
  head.set(text, PREFIX);
  const parts = [head, ...entries.map(([, array]) => bytesOf(array))];
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  await writeAtomic(file, [...parts, hash.digest()]);
}

/** Thrown text only: who calls knows what the file was for and which code to raise. */
export class Unsealed extends Error {}

/** Reads and verifies a sealed file. @throws {@link Unsealed} saying what is wrong with it */
export async function readSealed(file: string): Promise<Sealed> {
  const bytes = await readFile(file);
  if (bytes.length < PREFIX + SEAL || bytes.toString("latin1", 0, 8) !== MAGIC) {
    throw new Unsealed(`it is no Lyceum file or was cut short (${bytes.length} bytes)`);
  }
  const body = bytes.subarray(0, bytes.length - SEAL);
  if (
    !createHash("sha256")
      .update(body)
      .digest()
      .equals(bytes.subarray(bytes.length - SEAL))
  ) {
    throw new Unsealed("its checksum does not match: it was truncated or changed");
  }
  const length = body.readUInt32LE(8);
  const { about, arrays } = JSON.parse(body.toString("utf8", PREFIX, PREFIX + length)) as Header;
  let at = padded(PREFIX + length);
  const map = new Map<string, Float32Array>();
  for (const entry of arrays) {
    // A copy of its own: aligned, and the file's buffer can go.
    map.set(
      entry.name,
      new Float32Array(body.buffer.slice(body.byteOffset + at, body.byteOffset + at + 4 * entry.length)),
    );
    at += 4 * entry.length;
  }
  return { about, arrays: map };
}

const padded = (n: number): number => (n + 3) & ~3;
