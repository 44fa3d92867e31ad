/** Element types, their typed arrays and their ONNX codes: one table, everything else derives from it. */
import { fail } from "../errors.ts";

/** f64 exists for gradient checks; u8 for images; u32 for random bits; i64 only where ONNX insists on it. */
export type DType = "f32" | "f64" | "i32" | "i64" | "u8" | "u32" | "bool";

export type TypedArray = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array | Uint32Array;

interface DTypeInfo {
  /** TensorProto.DataType */
  readonly onnx: number;
  /** Name in ONNX Runtime's JavaScript API. */
  readonly ort: string;
  readonly bytes: number;
  readonly array: {
    new (length: number): TypedArray;
    new (buffer: ArrayBufferLike, byteOffset: number, length: number): TypedArray;
  };
  readonly float: boolean;
}

export const DTYPES: Readonly<Record<DType, DTypeInfo>> = {
  f32: { onnx: 1, ort: "float32", bytes: 4, array: Float32Array, float: true },
  u8: { onnx: 2, ort: "uint8", bytes: 1, array: Uint8Array, float: false },
  i32: { onnx: 6, ort: "int32", bytes: 4, array: Int32Array, float: false },
  i64: { onnx: 7, ort: "int64", bytes: 8, array: BigInt64Array, float: false },
  bool: { onnx: 9, ort: "bool", bytes: 1, array: Uint8Array, float: false },
  f64: { onnx: 11, ort: "float64", bytes: 8, array: Float64Array, float: true },
  u32: { onnx: 12, ort: "uint32", bytes: 4, array: Uint32Array, float: false },
};

const BY_ONNX = new Map(Object.entries(DTYPES).map(([name, info]) => [info.onnx, name as DType]));

/** The dtype of an ONNX element type code, or undefined where Lyceum has none (f16, strings, ...). */
export function dtypeFromOnnx(code: number): DType | undefined {
  return BY_ONNX.get(code);
}

export function isFloat(dtype: DType): boolean {
  return DTYPES[dtype].float;
}

/** The dtype a bare typed array stands for (Uint8Array is u8: say `bool` explicitly). */
export function dtypeOf(data: TypedArray): DType {
  if (data instanceof Float32Array) return "f32";
  if (data instanceof Int32Array) return "i32";
  if (data instanceof Float64Array) return "f64";
  if (data instanceof BigInt64Array) return "i64";
  if (data instanceof Uint8Array) return "u8";
  if (data instanceof Uint32Array) return "u32";
  return fail(
    "E_DTYPE",
    `No dtype for ${Object.prototype.toString.call(data)}.`,
    "Use a typed array such as Float32Array.",
  );
}
