/**
 * NumPy's .npy: magic, version, a Python dict literal (descr, fortran_order, shape), raw values.
 *
 * Source: numpy/lib/format.py (format versions 1.0 to 3.0). Column-major arrays are re-ordered, so that `data` is always
 * row-major; object arrays are refused, because reading them means running a pickle. No Node imports.
 */
import { fail } from "../errors.ts";
import { decodeHalf } from "./half.ts";

export type NpyData =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array
  | Float32Array
  | Float64Array
  | string[];

/** An array of a .npy file; `data` is row-major. */
export interface Npy {
  readonly shape: readonly number[];
  /** `f2` comes as Float32Array, `b1` as Uint8Array of 0 and 1, `S` and `U` as strings without their padding. */
  readonly data: NpyData;
  /** NumPy's type string in the file, for example `<f4`; informative. */
  readonly descr: string;
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

type Reader = readonly [
  bytes: number,
  make: (n: number) => NpyData,
  read: (v: DataView, at: number, little: boolean) => number | bigint,
];
const READERS: Record<string, Reader> = {
  b1: [1, (n) => new Uint8Array(n), (v, at) => (v.getUint8(at) ? 1 : 0)],
  u1: [1, (n) => new Uint8Array(n), (v, at) => v.getUint8(at)],
  i1: [1, (n) => new Int8Array(n), (v, at) => v.getInt8(at)],
  u2: [2, (n) => new Uint16Array(n), (v, at, little) => v.getUint16(at, little)],
  i2: [2, (n) => new Int16Array(n), (v, at, little) => v.getInt16(at, little)],
  u4: [4, (n) => new Uint32Array(n), (v, at, little) => v.getUint32(at, little)],
  i4: [4, (n) => new Int32Array(n), (v, at, little) => v.getInt32(at, little)],
  u8: [8, (n) => new BigUint64Array(n), (v, at, little) => v.getBigUint64(at, little)],
  i8: [8, (n) => new BigInt64Array(n), (v, at, little) => v.getBigInt64(at, little)],
  f2: [2, (n) => new Float32Array(n), (v, at, little) => decodeHalf(v.getUint16(at, little))],
  f4: [4, (n) => new Float32Array(n), (v, at, little) => v.getFloat32(at, little)],
  f8: [8, (n) => new Float64Array(n), (v, at, little) => v.getFloat64(at, little)],
};

/**
 * Parses the bytes of a .npy file.
 * @throws E_DATA_EMPTY, E_DATA_FORMAT (magic, header, unsupported type, bytes after the end), E_DATA_TRUNCATED
 */
export function parseNpy(bytes: Uint8Array, name = "npy data"): Npy {
  if (bytes.length === 0) fail("E_DATA_EMPTY", `"${name}" is empty; a .npy file was expected.`);
  if (MAGIC.some((byte, i) => i < bytes.length && bytes[i] !== byte)) {
    fail("E_DATA_FORMAT", `"${name}" does not begin with the .npy magic \\x93NUMPY.`, "Is it another format?");
  }
  const truncated = (need: number): never =>
    fail("E_DATA_TRUNCATED", `"${name}" has ${bytes.length} bytes; at least ${need} are needed.`, "Get it again.");
  if (bytes.length < 12) truncated(12);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = bytes[6]! >= 2;
  const start = wide ? 12 : 10;
  const end = start + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
  if (bytes.length < end) truncated(end);
  const { descr, fortran, shape } = parseHeader(new TextDecoder().decode(bytes.subarray(start, end)), name);

  const kind = descr.slice(1);
  const text = /^[SU]\d+$/.test(kind);
  const width = text ? Number(kind.slice(1)) * (kind[0] === "U" ? 4 : 1) : READERS[kind]?.[0];
  if (width === undefined) {
    fail(
      "E_DATA_FORMAT",
      `"${name}" holds NumPy type "${descr}"; booleans, integers, floats and fixed-width strings can be read.`,
      kind[0] === "O" ? "Object arrays contain pickles, which Lyceum never runs." : "Save it with another dtype.",
    );
  }
  const length = shape.reduce((product, n) => product * n, 1);
  const need = end + length * width;
  if (bytes.length < need) truncated(need);
  if (bytes.length > need) {
    fail("E_DATA_FORMAT", `"${name}" has ${bytes.length - need} bytes after its array [${shape}] of ${descr}.`);
  }
  const little = descr[0] !== ">";
  const data = text
    ? readText(view, end, length, width, kind[0]!, little)
    : readNumbers(view, end, length, kind, little);
  return { shape, descr, data: fortran && shape.length > 1 ? rowMajor(data, shape) : data };
}

function parseHeader(header: string, name: string): { descr: string; fortran: boolean; shape: number[] } {
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(header)?.[1];
  const fortran = /'fortran_order'\s*:\s*(True|False)/.exec(header)?.[1];
  const shape = /'shape'\s*:\s*\(([\d\s,L]*)\)/.exec(header)?.[1];
  if (descr === undefined || fortran === undefined || shape === undefined) {
    fail(
      "E_DATA_FORMAT",
      `"${name}" has the .npy header ${header.trim().slice(0, 120)}, in which descr, fortran_order or shape is missing or structured.`,
      "Records are not supported: save one plain array per file.",
    );
  }
  const axes = shape
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean);
  return { descr, fortran: fortran === "True", shape: axes.map((axis) => Number.parseInt(axis, 10)) };
}

function readNumbers(view: DataView, start: number, length: number, kind: string, little: boolean): NpyData {
  const [width, make, read] = READERS[kind]!;
  const data = make(length) as Exclude<NpyData, string[]>;
  if (little && kind !== "f2" && kind !== "b1") {
    // Same layout as memory (every platform Node and browsers run on is little-endian): one copy.
    new Uint8Array(data.buffer).set(new Uint8Array(view.buffer, view.byteOffset + start, length * width));
    return data;
  }
  for (let i = 0; i < length; i++) data[i] = read(view, start + i * width, little);
  return data;
}

function readText(
  view: DataView,
  start: number,
  length: number,
  width: number,
  kind: string,
  little: boolean,
): string[] {
  return Array.from({ length }, (_, i) => {
    let out = "";
    for (let at = start + i * width; at < start + (i + 1) * width; at += kind === "U" ? 4 : 1) {
      out += kind === "U" ? String.fromCodePoint(view.getUint32(at, little)) : String.fromCharCode(view.getUint8(at));
    }
    return out.replace(/\0+$/, "");
  });
}

/** Column-major to row-major. */
function rowMajor(data: NpyData, shape: readonly number[]): NpyData {
  const out = data.slice();
  const index = new Array<number>(shape.length).fill(0);
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, n) => product * n, 1));
  for (let i = 0; i < data.length; i++) {
    out[i] = data[index.reduce((sum, at, axis) => sum + at * strides[axis]!, 0)]!;
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis]! === shape[axis]; axis--) index[axis] = 0;
  }
  return out;
}

const DESCR: readonly (readonly [new (n: number) => Exclude<NpyData, string[]>, string])[] = [
  [Uint8Array, "|u1"],
  [Int8Array, "|i1"],
  [Uint16Array, "<u2"],
  [Int16Array, "<i2"],
  [Uint32Array, "<u4"],
  [Int32Array, "<i4"],
  [BigUint64Array, "<u8"],
  [BigInt64Array, "<i8"],
  [Float32Array, "<f4"],
  [Float64Array, "<f8"],
];

/** Writes a .npy 1.0 file, row-major; strings become `U`. @throws E_DATA_SHAPE */
export function encodeNpy({ shape, data }: Pick<Npy, "shape" | "data">): Uint8Array {
  const length = shape.reduce((product, n) => product * n, 1);
  if (length !== data.length) fail("E_DATA_SHAPE", `Shape [${shape}] does not describe ${data.length} values.`);
  const texts = Array.isArray(data) ? data.map((text) => Array.from(text, (c) => c.codePointAt(0)!)) : undefined;
  const width = texts?.reduce((most, text) => Math.max(most, text.length), 1) ?? 0;
  const descr = texts ? `<U${width}` : DESCR.find(([type]) => data instanceof type)![1];
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  // The values begin at a multiple of 64 bytes and the header ends in a newline, as the format demands.
  const header = `${dict}${" ".repeat((128 - ((10 + dict.length + 1) % 64)) % 64)}\n`;
  const values = texts
    ? new Uint8Array(
        Uint32Array.from(texts.flatMap((text) => [...text, ...new Array<number>(width - text.length).fill(0)])).buffer,
      )
    : new Uint8Array(
        ((view) => view.buffer)(data as Uint8Array),
        (data as Uint8Array).byteOffset,
        (data as Uint8Array).byteLength,
      );
  const bytes = new Uint8Array(10 + header.length + values.length);
  bytes.set(MAGIC);
  bytes.set([1, 0, header.length & 255, header.length >> 8], 6);
  bytes.set(new TextEncoder().encode(header), 10);
  bytes.set(values, 10 + header.length);
  return bytes;
}
