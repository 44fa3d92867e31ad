/** Reads the reference values of test/fixtures (format: README.md there). */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { DTYPES, type DType } from "./dtype.ts";
import { fromNumbers, type HostTensor, host, toNumbers } from "./host.ts";

export interface Stored {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly b64: string;
}

export function readFixture<T>(name: string): T {
  const bytes = readFileSync(new URL(`../../test/fixtures/${name}`, import.meta.url));
  return JSON.parse((name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString()) as T;
}

export function decode({ dtype, shape, b64 }: Stored): HostTensor {
  const bytes = new Uint8Array(Buffer.from(b64, "base64"));
  const size = shape.reduce((a, b) => a * b, 1);
  return { dtype, shape, data: new DTYPES[dtype].array(bytes.buffer, 0, size) };
}

/** Floats of the wanted precision; other dtypes stay. */
export function asFloat(t: HostTensor, dtype: "f32" | "f64"): HostTensor {
  if (!DTYPES[t.dtype].float || t.dtype === dtype) return t;
  return host(fromNumbers(t.data as ArrayLike<number>, dtype), t.shape);
}

/** Largest difference, relative to the largest expected value (at least `floor`). */
export function difference(actual: HostTensor, expected: HostTensor, floor = 1e-3): number {
  if (actual.shape.join() !== expected.shape.join()) return Number.POSITIVE_INFINITY;
  const [a, b] = [toNumbers(actual), toNumbers(expected)];
  const scale = b.reduce((m, v) => Math.max(m, Math.abs(v)), floor);
  const worst = b.reduce((m, v, i) => {
    const d = v === a[i] ? 0 : Math.abs(v - a[i]!);
    return Number.isNaN(d) ? Number.POSITIVE_INFINITY : Math.max(m, d);
  }, 0);
  return worst / scale;
}
