/**
 * NumPy's .npz: a zip of .npy files, one per array.
 *
 * Sizes come from the zip's central directory, because NumPy streams its members and leaves them out of the local
 * headers; fflate reads it that way, in Node and in browsers.
 */
import { unzipSync, zipSync } from "fflate";
import { fail } from "../errors.ts";
import { encodeNpy, type Npy, parseNpy } from "./npy.ts";

/**
 * The arrays of a .npz by name (without `.npy`); `only` skips the work of unpacking the others.
 * @throws E_DATA_EMPTY, E_DATA_FORMAT (no zip), E_DATA_TRUNCATED, and what {@link parseNpy} throws
 */
export function parseNpz(bytes: Uint8Array, name = "npz data", only?: readonly string[]): Map<string, Npy> {
  if (bytes.length === 0) fail("E_DATA_EMPTY", `"${name}" is empty; a .npz file was expected.`);
  if (bytes[0] !== 0x50 || bytes[1] !== 0x4b) {
    fail("E_DATA_FORMAT", `"${name}" does not begin with PK; a .npz file is a zip archive.`, "Is it a .npy file?");
  }
  const arrays = new Map<string, Npy>();
  for (const [member, content] of Object.entries(unpack(bytes, name, only))) {
    arrays.set(member.replace(/\.npy$/, ""), parseNpy(content, `${name}:${member}`));
  }
  return arrays;
}

function unpack(bytes: Uint8Array, name: string, only: readonly string[] | undefined): Record<string, Uint8Array> {
  try {
    return unzipSync(bytes, only && { filter: (file) => only.includes(file.name.replace(/\.npy$/, "")) });
  } catch (cause) {
    // fflate finds no central directory, which lies at the end: the file stops early.
    const reason = cause instanceof Error ? cause.message : String(cause);
    if (/invalid zip data|unexpected EOF/.test(reason)) {
      fail(
        "E_DATA_TRUNCATED",
        `"${name}" is a zip archive without its end (${bytes.length} bytes).`,
        "Get it again.",
        cause,
      );
    }
    return fail("E_DATA_FORMAT", `"${name}" is a corrupt zip archive (${reason}).`, "Get it again.", cause);
  }
}

/** Writes a .npz; deflated unless `compress` is false. */
export function encodeNpz(
  arrays: Readonly<Record<string, Pick<Npy, "shape" | "data">>>,
  { compress = true }: { compress?: boolean } = {},
): Uint8Array {
  const members = Object.entries(arrays).map(([name, array]) => [`${name}.npy`, encodeNpy(array)] as const);
  // A fixed date: the same arrays give the same bytes.
  return zipSync(Object.fromEntries(members), { level: compress ? 6 : 0, mtime: new Date(1980, 0, 1) });
}
