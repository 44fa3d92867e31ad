/**
 * Stored tensors to values and back. ONNX may keep numbers as raw bytes or in one of five typed fields. Half precision
 * (float16, bfloat16) is widened to f32 when read: the numbers are the same and every kernel exists.
 */
import { fail } from "../../errors.ts";
import { DTYPES, type DType, dtypeFromOnnx, type TypedArray } from "../dtype.ts";
import type { HostTensor } from "../host.ts";
import { show } from "../shape.ts";
import type { TensorProto } from "./proto.ts";

const FLOAT16 = 10;
const BFLOAT16 = 16;
/** TensorProto.DataType, for messages. */
const TYPE_NAMES = [
  "undefined",
  ..."float uint8 int8 uint16 int16 int32 int64 string bool float16 double uint32 uint64 complex64 complex128".split(
    " ",
  ),
  ..."bfloat16 float8e4m3fn float8e4m3fnuz float8e5m2 float8e5m2fnuz uint4 int4 float4e2m1".split(" "),
];

export function typeName(code: number): string {
  return TYPE_NAMES[code] ?? `element type ${code}`;
}

/** The dtype in which an ONNX element type is held. Errors: `E_ONNX_DTYPE` (8-bit and 16-bit integers, strings, ...). */
export function elementType(code: number | undefined, where: string): DType {
  if (code === FLOAT16 || code === BFLOAT16) return "f32";
  return (
    dtypeFromOnnx(code ?? 0) ??
    fail(
      "E_ONNX_DTYPE",
      `${where} holds ${typeName(code ?? 0)} values.`,
      "Lyceum reads float, float16, bfloat16, double, int32, int64, uint8, uint32 and bool.",
    )
  );
}

/** Errors: `E_ONNX_EXTERNAL`, `E_ONNX_DTYPE`, `E_ONNX_FORMAT` (too many or too few bytes for the shape). */
export function readTensor(t: TensorProto): HostTensor {
  const what = `Tensor "${t.name ?? ""}"`;
  if (t.dataLocation === 1) {
    fail(
      "E_ONNX_EXTERNAL",
      `${what} keeps its values in another file.`,
      "Save the model with its weights inside, in Python: onnx.save(model, path, save_as_external_data=False).",
    );
  }
  const dtype = elementType(t.dataType, what);
  const size = t.dims.reduce((a, b) => a * b, 1);
  const data = t.rawData ? fromRaw(t, t.rawData, dtype) : fromFields(t, dtype);
  if (data.length !== size || t.dims.some((d) => d < 0)) {
    fail("E_ONNX_FORMAT", `${what} holds ${data.length} values for shape ${show(t.dims)}.`, "Is the file complete?");
  }
  return { dtype, shape: t.dims, data };
}

function fromRaw(t: TensorProto, raw: Uint8Array, dtype: DType): TypedArray {
  const { bytes } = DTYPES[dtype];
  const half = t.dataType === FLOAT16 || t.dataType === BFLOAT16;
  const width = half ? 2 : bytes;
  if (raw.length % width) fail("E_ONNX_FORMAT", `Tensor "${t.name}" ends inside a number.`, "Is the file complete?");
  // A copy of its own: raw bytes lie unaligned inside the file. (A Buffer's own slice would be a view.)
  const { buffer } = new Uint8Array(raw);
  if (half) return widen(new Uint16Array(buffer), t.dataType);
  return new DTYPES[dtype].array(buffer, 0, raw.length / bytes);
}

function fromFields(t: TensorProto, dtype: DType): TypedArray {
  if (t.dataType === FLOAT16 || t.dataType === BFLOAT16) return widen(Uint16Array.from(t.int32Data ?? []), t.dataType);
  if (dtype === "i64") return BigInt64Array.from(t.int64Data ?? [], BigInt);
  const fields = { f32: t.floatData, f64: t.doubleData, u32: t.uint64Data, i32: t.int32Data, u8: t.int32Data };
  const numbers = (dtype === "bool" ? t.int32Data : fields[dtype]) ?? [];
  const out = new DTYPES[dtype].array(numbers.length) as Exclude<TypedArray, BigInt64Array>;
  out.set(numbers);
  return out;
}

/** bfloat16 is the upper half of an f32; float16 has 5 bits of exponent with bias 15. */
function widen(bits: Uint16Array, code: number): Float32Array {
  if (code === BFLOAT16) return new Float32Array(Uint32Array.from(bits, (b) => b << 16).buffer);
  return Float32Array.from(bits, (b) => {
    const sign = b & 0x8000 ? -1 : 1;
    const exponent = (b >> 10) & 31;
    const fraction = b & 1023;
    if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
  });
}
