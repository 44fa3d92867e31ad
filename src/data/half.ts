/**
 * Half-precision floats: IEEE binary16 (numpy `f2`, safetensors `F16`) and bfloat16 (`BF16`) to f32 and back.
 *
 * JavaScript gained Float16Array only in 2025 (Node 24); the bit work is small enough to keep Node 20. Encoding rounds
 * to nearest, ties to even, as numpy and PyTorch do; NaN stays NaN. No Node imports.
 */

const float = new Float32Array(1);
const word = new Uint32Array(float.buffer);

/** Value of a binary16 bit pattern. */
export function decodeHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Bit pattern of the nearest binary16 value of an f32. */
export function encodeHalf(value: number): number {
  float[0] = value;
  const bits = word[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // 65520 and above round to infinity
  if (magnitude < 0x38800000) {
    // Below 2^-14: a multiple of 2^-24. The product is exact, so rounding it once is correct.
    return sign | roundEven(Math.abs(float[0]!) * 2 ** 24);
  }
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((rounded - 0x38000000) >>> 13);
}

/** Value of a bfloat16 bit pattern. */
export function decodeBfloat(bits: number): number {
  word[0] = bits << 16;
  return float[0]!;
}

/** Bit pattern of the nearest bfloat16 value of an f32. */
export function encodeBfloat(value: number): number {
  float[0] = value;
  const bits = word[0]!;
  if ((bits & 0x7fffffff) > 0x7f800000) return ((bits >>> 16) | 0x40) & 0xffff;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

function roundEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor & 1) ? floor + 1 : floor;
}
