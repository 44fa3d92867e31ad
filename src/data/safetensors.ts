/**
 * safetensors: u64 little-endian header length, a JSON header, then the raw values of all tensors without gaps.
 *
 * Source: https://github.com/huggingface/safetensors (format section). Everything the format promises is checked before
 * a value is handed out, because these files come from strangers: header limit, ranges, gaps and overlaps, sizes,
 * duplicate names (which JSON.parse would swallow). Works on bytes, in Node and in browsers.
 */
import { fail } from "../errors.ts";
import { decodeBfloat, decodeHalf } from "./half.ts";

/** Bytes per element of every type that can be read. */
const WIDTHS = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
} as const;
export type SafeType = keyof typeof WIDTHS;

/** A tensor as raw little-endian bytes (a view into the file). */
export interface SafeTensor {
  readonly dtype: SafeType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

export interface Safetensors {
  readonly tensors: ReadonlyMap<string, SafeTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The reference implementation's limit: a larger header is an attack or damage. */
const HEADER_LIMIT = 100_000_000;

/** Where a tensor's bytes lie in its file. */
export interface SafeRange {
  readonly dtype: SafeType;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

/** @throws E_DATA_EMPTY, E_DATA_TRUNCATED, E_DATA_FORMAT; the message names the tensor. */
export function parseSafetensors(bytes: Uint8Array, name = "safetensors data"): Safetensors {
  const { ranges, metadata } = parseSafetensorsHeader(bytes, bytes.length, name);
  const tensors = new Map<string, SafeTensor>();
  for (const [tensor, { dtype, shape, start, end }] of ranges)
    tensors.set(tensor, { dtype, shape, bytes: bytes.subarray(start, end) });
  return { tensors, metadata };
}

/**
 * The same for a file too large to be read at once: where its tensors lie.
 * @param head the file's beginning, at least to the end of its header
 * @param size bytes of the whole file
 */
export function parseSafetensorsHeader(
  head: Uint8Array,
  size: number,
  name: string,
): { ranges: ReadonlyMap<string, SafeRange>; metadata: Readonly<Record<string, string>> } {
  const broken = (problem: string): never =>
    fail("E_DATA_FORMAT", `"${name}" is not a valid safetensors file: ${problem}.`, "Export or download it again.");
  if (size === 0) fail("E_DATA_EMPTY", `"${name}" is empty; a safetensors file was expected.`);
  if (size < 8) fail("E_DATA_TRUNCATED", `"${name}" has ${size} bytes; the header length needs 8.`);
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const headerLength = view.getBigUint64(0, true);
  if (headerLength > HEADER_LIMIT) broken(`it announces a header of ${headerLength} bytes (limit ${HEADER_LIMIT})`);
  const start = 8 + Number(headerLength);
  if (start > size) {
    fail("E_DATA_TRUNCATED", `"${name}" has ${size} bytes; its header alone ends at ${start}.`, "Download it again.");
  }
  const { entries, metadata } = parseHeader(head.subarray(8, start), broken);

  const ranges = new Map<string, SafeRange>();
  let end = 0;
  for (const [tensor, { dtype, shape, data_offsets }] of entries) {
    const [from, to] = data_offsets;
    const bytes = shape.reduce((product, n) => product * n, WIDTHS[dtype]);
    if (from !== end) broken(`tensor "${tensor}" begins at ${from}; ${end} was expected (no gaps, no overlaps)`);
    if (to - from !== bytes)
      broken(`tensor "${tensor}" [${shape}] of ${dtype} needs ${bytes} bytes and has ${to - from}`);
    end = to;
    ranges.set(tensor, { dtype, shape, start: start + from, end: start + to });
  }
  if (start + end > size) {
    fail("E_DATA_TRUNCATED", `"${name}" has ${size} bytes; its tensors end at ${start + end}.`, "Download it again.");
  }
  if (start + end < size) broken(`${size - start - end} bytes follow the last tensor`);
  return { ranges, metadata };
}

interface Entry {
  readonly dtype: SafeType;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** Entries in the order of their data, and the metadata. */
function parseHeader(header: Uint8Array, broken: (problem: string) => never) {
  let text = "";
  let json: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(header);
    json = JSON.parse(text);
  } catch {
    broken("its header is not JSON");
  }
  if (typeof json !== "object" || json === null || Array.isArray(json))
    return broken("its header is not a JSON object");
  const twice = duplicateKey(text);
  if (twice !== undefined) broken(`the name "${twice}" occurs twice`);
  const { __metadata__: metadata = {}, ...rest } = json as Record<string, unknown>;
  const isText = (value: unknown) => typeof value === "string";
  if (typeof metadata !== "object" || metadata === null || !Object.values(metadata).every(isText)) {
    broken("__metadata__ is not a map of strings");
  }
  const entries = Object.entries(rest).map(([tensor, value]) => {
    if (!isEntry(value)) broken(`tensor "${tensor}" has the entry ${JSON.stringify(value)?.slice(0, 120)}`);
    return [tensor, value as Entry] as const;
  });
  entries.sort(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1]);
  return { entries, metadata: metadata as Record<string, string> };
}

function isEntry(value: unknown): value is Entry {
  if (typeof value !== "object" || value === null) return false;
  const { dtype, shape, data_offsets } = value as Record<string, unknown>;
  const counts = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && (n as number) >= 0);
  return (
    typeof dtype === "string" &&
    Object.hasOwn(WIDTHS, dtype) &&
    counts(shape) &&
    counts(data_offsets) &&
    data_offsets.length === 2
  );
}

/** The first key that occurs twice at the top level of a JSON object (known to be valid JSON). */
function duplicateKey(json: string): string | undefined {
  const seen = new Set<string>();
  let depth = 0;
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"(?:\s*:)?|[{}[\]]/g)) {
    if (token === "{" || token === "[") depth++;
    else if (token === "}" || token === "]") depth--;
    else if (depth === 1 && token.endsWith(":")) {
      const name = JSON.parse(token.slice(0, -1)) as string;
      if (seen.has(name)) return name;
      seen.add(name);
    }
  }
  return undefined;
}

/** The values as f32; 64-bit integers and f64 lose what f32 cannot hold. @throws E_DATA_FORMAT for 8-bit floats. */
export function toFloat32({ dtype, bytes }: SafeTensor): Float32Array {
  const n = bytes.length / WIDTHS[dtype];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const map = (read: (at: number) => number) => Float32Array.from({ length: n }, (_, i) => read(i * WIDTHS[dtype]));
  switch (dtype) {
    case "F32":
      // Tensors may begin at any byte: a copy aligns them. Not slice(), which shares the memory of a Node Buffer.
      return new Float32Array(new Uint8Array(bytes).buffer);
    case "F16":
      return map((at) => decodeHalf(view.getUint16(at, true)));
    case "BF16":
      return map((at) => decodeBfloat(view.getUint16(at, true)));
    case "F64":
      return map((at) => view.getFloat64(at, true));
    case "I64":
      return map((at) => Number(view.getBigInt64(at, true)));
    case "U64":
      return map((at) => Number(view.getBigUint64(at, true)));
    case "I32":
      return map((at) => view.getInt32(at, true));
    case "U32":
      return map((at) => view.getUint32(at, true));
    case "I16":
      return map((at) => view.getInt16(at, true));
    case "U16":
      return map((at) => view.getUint16(at, true));
    case "I8":
      return map((at) => view.getInt8(at));
    case "U8":
    case "BOOL":
      return map((at) => view.getUint8(at));
    default:
      return fail(
        "E_DATA_FORMAT",
        `Tensors of type ${dtype} cannot be turned into f32.`,
        "Convert the file to F16 or F32.",
      );
  }
}

/** A tensor of f32 values. */
export const fromFloat32 = (data: Float32Array, shape: readonly number[]): SafeTensor => ({
  dtype: "F32",
  shape,
  bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
});

/**
 * Writes a file: widest types first and then by name, as the reference implementation does, and the header padded to
 * 8 bytes, so that every tensor is aligned and the same tensors give the same bytes.
 * @throws E_DATA_SHAPE when a tensor's bytes do not fit its shape.
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, SafeTensor> | Readonly<Record<string, SafeTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const parts = safetensorsParts(tensors, metadata);
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** The same file in pieces to be written one after the other: the header, and the tensors' own bytes without a copy. */
export function safetensorsParts(
  tensors: ReadonlyMap<string, SafeTensor> | Readonly<Record<string, SafeTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array[] {
  const list: [string, SafeTensor][] = tensors instanceof Map ? [...tensors] : Object.entries(tensors);
  list.sort(([a, x], [b, y]) => WIDTHS[y.dtype] - WIDTHS[x.dtype] || (a < b ? -1 : 1));
  const entries: [string, unknown][] = Object.keys(metadata).length > 0 ? [["__metadata__", metadata]] : [];
  let end = 0;
  for (const [name, { dtype, shape, bytes }] of list) {
    const size = shape.reduce((product, n) => product * n, WIDTHS[dtype]);
    if (size !== bytes.length || name === "__metadata__") {
      fail("E_DATA_SHAPE", `Tensor "${name}" [${shape}] of ${dtype} needs ${size} bytes; ${bytes.length} were given.`);
    }
    entries.push([name, { dtype, shape, data_offsets: [end, (end += size)] }]);
  }
  // Written by hand, because an object would move names that look like numbers to the front.
  const json = `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`;
  const text = new TextEncoder().encode(json);
  const headerLength = Math.ceil(text.length / 8) * 8;
  const head = new Uint8Array(8 + headerLength);
  new DataView(head.buffer).setBigUint64(0, BigInt(headerLength), true);
  head.fill(0x20, 8).set(text, 8);
  return [head, ...list.map(([, { bytes }]) => bytes)];
}
