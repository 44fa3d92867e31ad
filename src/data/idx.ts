/**
 * IDX, the format of MNIST and Fashion-MNIST: 00 00 type rank, then one big-endian u32 per axis, then big-endian values.
 *
 * Source: http://yann.lecun.com/exdb/mnist/ (section "the IDX file format"). The counts come from the header, never
 * from the file name: subsets with fewer examples are common.
 */
import { fail } from "../errors.ts";

type IdxArray = Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;

/** An n-dimensional array out of an IDX file; `data` is row-major and in machine byte order. */
export interface Idx {
  readonly shape: readonly number[];
  readonly data: IdxArray;
}

const TYPES = {
  8: {
    name: "u8",
    bytes: 1,
    make: (n: number) => new Uint8Array(n),
    read: (v: DataView, at: number) => v.getUint8(at),
  },
  9: { name: "i8", bytes: 1, make: (n: number) => new Int8Array(n), read: (v: DataView, at: number) => v.getInt8(at) },
  11: {
    name: "i16",
    bytes: 2,
    make: (n: number) => new Int16Array(n),
    read: (v: DataView, at: number) => v.getInt16(at),
  },
  12: {
    name: "i32",
    bytes: 4,
    make: (n: number) => new Int32Array(n),
    read: (v: DataView, at: number) => v.getInt32(at),
  },
  13: {
    name: "f32",
    bytes: 4,
    make: (n: number) => new Float32Array(n),
    read: (v: DataView, at: number) => v.getFloat32(at),
  },
  14: {
    name: "f64",
    bytes: 8,
    make: (n: number) => new Float64Array(n),
    read: (v: DataView, at: number) => v.getFloat64(at),
  },
} as const;

/**
 * Parses decompressed IDX bytes.
 * @throws E_DATA_EMPTY, E_DATA_FORMAT (no IDX magic, unknown type, bytes after the end), E_DATA_TRUNCATED
 */
export function parseIdx(bytes: Uint8Array, name = "IDX data"): Idx {
  if (bytes.length === 0) fail("E_DATA_EMPTY", `"${name}" is empty; an IDX file was expected.`, "Download it again.");
  if (bytes.length < 4) {
    fail(
      "E_DATA_TRUNCATED",
      `"${name}" has ${bytes.length} bytes; an IDX header has at least 4.`,
      "Download it again.",
    );
  }
  const [zero0, zero1, code, rank] = bytes as unknown as [number, number, number, number];
  const type = TYPES[code as keyof typeof TYPES];
  if (zero0 !== 0 || zero1 !== 0 || !type || rank === 0) {
    const magic = Array.from(bytes.subarray(0, 4), (b) => b.toString(16).padStart(2, "0")).join(" ");
    fail(
      "E_DATA_FORMAT",
      `"${name}" begins with ${magic}; IDX begins with 00 00, a type of 08, 09, 0b, 0c, 0d or 0e, and the number of axes.`,
      "Is it another format, or still compressed?",
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = 4 + 4 * rank;
  if (bytes.length < start) {
    fail("E_DATA_TRUNCATED", `"${name}" has ${bytes.length} bytes; its header of ${rank} axes needs ${start}.`);
  }
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const length = shape.reduce((product, n) => product * n, 1);
  const expected = start + length * type.bytes;
  if (bytes.length !== expected) {
    const code = bytes.length < expected ? "E_DATA_TRUNCATED" : "E_DATA_FORMAT";
    fail(
      code,
      `"${name}" has ${bytes.length} bytes; its header [${shape}] of ${type.name} needs ${expected}.`,
      "The file is incomplete or was edited: download it again.",
    );
  }
  if (code === 8) return { shape, data: bytes.subarray(start) };
  const data = type.make(length);
  for (let i = 0; i < length; i++) data[i] = type.read(view, start + i * type.bytes);
  return { shape, data };
}

/** Writes IDX bytes (not compressed). @throws E_DATA_SHAPE when shape and data disagree. */
export function encodeIdx({ shape, data }: Idx): Uint8Array {
  const length = shape.reduce((product, n) => product * n, 1);
  if (length !== data.length || shape.length < 1 || shape.length > 255) {
    fail("E_DATA_SHAPE", `Shape [${shape}] does not describe ${data.length} values.`);
  }
  const code = codeOf(data);
  const width = TYPES[code].bytes;
  const start = 4 + 4 * shape.length;
  const bytes = new Uint8Array(start + length * width);
  const view = new DataView(bytes.buffer);
  bytes.set([0, 0, code, shape.length]);
  shape.forEach((n, axis) => {
    view.setUint32(4 + 4 * axis, n);
  });
  for (let i = 0, at = start; i < length; i++, at += width) {
    const value = data[i]!;
    if (code === 8) bytes[at] = value;
    else if (code === 9) view.setInt8(at, value);
    else if (code === 11) view.setInt16(at, value);
    else if (code === 12) view.setInt32(at, value);
    else if (code === 13) view.setFloat32(at, value);
    else view.setFloat64(at, value);
  }
  return bytes;
}

function codeOf(data: IdxArray): keyof typeof TYPES {
  if (data instanceof Uint8Array) return 8;
  if (data instanceof Int8Array) return 9;
  if (data instanceof Int16Array) return 11;
  if (data instanceof Int32Array) return 12;
  return data instanceof Float32Array ? 13 : 14;
}
