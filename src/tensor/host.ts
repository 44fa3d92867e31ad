/** Values: typed arrays with a shape, on this side of a program. */
import { fail } from "../errors.ts";
import { DTYPES, type DType, dtypeOf, type TypedArray } from "./dtype.ts";
import { show } from "./shape.ts";

/** A concrete tensor, row-major. */
export interface HostTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TypedArray;
}

/** Wraps a typed array (or numbers, taken as f32). Errors: `E_SHAPE` when the sizes disagree. */
export function host(data: TypedArray | readonly number[], shape?: readonly number[], dtype?: DType): HostTensor {
  const array = Array.isArray(data) ? fromNumbers(data as readonly number[], dtype ?? "f32") : (data as TypedArray);
  const dims = shape ?? [array.length];
  const size = dims.reduce((a, b) => a * b, 1);
  if (size !== array.length) {
    fail("E_SHAPE", `${array.length} values do not fill shape ${show(dims)} (${size}).`, "Give a shape of that size.");
  }
  const type = dtype ?? dtypeOf(array);
  if (!(array instanceof DTYPES[type].array)) {
    fail("E_DTYPE", `A ${array.constructor.name} cannot hold ${type}.`, `Use a ${DTYPES[type].array.name}.`);
  }
  return { dtype: type, shape: dims, data: array };
}

/** A typed array of `dtype` from numbers. */
export function fromNumbers(values: ArrayLike<number>, dtype: DType): TypedArray {
  const out = new DTYPES[dtype].array(values.length);
  if (out instanceof BigInt64Array) for (let i = 0; i < values.length; i++) out[i] = BigInt(values[i]!);
  else for (let i = 0; i < values.length; i++) out[i] = values[i]!;
  return out;
}

/** Values as numbers (i64 loses precision beyond 2^53). */
export function toNumbers(value: HostTensor): number[] {
  return Array.from(value.data as ArrayLike<number | bigint>, Number);
}

/** The single value of a one-element tensor. */
export function scalarOf(value: HostTensor): number {
  if (value.data.length !== 1) fail("E_SHAPE", `A tensor of shape ${show(value.shape)} is not a single number.`);
  return Number(value.data[0]);
}

export function zeros(shape: readonly number[], dtype: DType = "f32"): HostTensor {
  return { dtype, shape, data: new DTYPES[dtype].array(shape.reduce((a, b) => a * b, 1)) };
}

export function isHostTensor(value: unknown): value is HostTensor {
  return typeof value === "object" && value !== null && "data" in value && "shape" in value && "dtype" in value;
}
