/**
 * Reading whole files (Node), gunzipped when their name or first bytes say gzip, with the failures a user can act on:
 * a missing file, a download that stopped in the middle, and a file that is something else.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { gunzipSync } from "node:zlib";
import { fail } from "../errors.ts";
import type { SourceFile } from "./dataset.ts";

/** Bytes of a file as they are on disk. @throws E_DATA_NOT_FOUND, E_DATA_READ */
export async function readFileBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === "ENOENT") fail("E_DATA_NOT_FOUND", `There is no file "${path}".`, "Check the path.", cause);
    return fail("E_DATA_READ", `The file "${path}" could not be read (${code}).`, "Check its permissions.", cause);
  }
}

/**
 * Decompresses gzip; other bytes come back unchanged (recognised by the gzip magic 1f 8b).
 * @throws E_DATA_TRUNCATED when the stream stops early, E_DATA_FORMAT when it is corrupt.
 */
export function gunzipIfNeeded(bytes: Uint8Array, name: string): Uint8Array {
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (!isGzip) {
    if (name.endsWith(".gz") && bytes.length > 0) {
      fail(
        "E_DATA_FORMAT",
        `"${name}" ends in .gz but does not begin with the gzip magic 1f 8b.`,
        "Rename or re-download it.",
      );
    }
    return bytes;
  }
  try {
    return gunzipSync(bytes);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "Z_BUF_ERROR") {
      fail(
        "E_DATA_TRUNCATED",
        `"${name}" is a gzip file that stops early (${bytes.length} bytes).`,
        "Download it again.",
        cause,
      );
    }
    return fail("E_DATA_FORMAT", `"${name}" is a corrupt gzip file (${message}).`, "Download it again.", cause);
  }
}

/** A file's content, decompressed, together with the record of what was read for the report. */
export async function loadFile(path: string): Promise<{ bytes: Uint8Array; name: string; file: SourceFile }> {
  const raw = await readFileBytes(path);
  const name = basename(path);
  if (raw.length === 0) fail("E_DATA_EMPTY", `The file "${path}" is empty.`, "Download it again.");
  const sha256 = createHash("sha256").update(raw).digest("hex");
  return { bytes: gunzipIfNeeded(raw, path), name, file: { path, bytes: raw.length, sha256 } };
}
