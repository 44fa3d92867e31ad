/**
 * f32 kernels against f64 decompositions. The two are written independently wherever ONNX Runtime lacks the f64
 * kernel, so that each tests the other: results, gradients, and gradients of gradients.
 */
import { vjp } from "../grad.ts";
import { type HostTensor, host, toNumbers } from "../host.ts";
import { program } from "../program.ts";
import { fold, key, normal } from "../random.ts";
import type { Tensor } from "../tensor.ts";

export function drawn(seed: number, shape: readonly number[]): HostTensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return host(normal(fold(key(seed), "drawn"), size), shape);
}

export function toF64(t: HostTensor): HostTensor {
  return t.dtype === "f32" ? host(Float64Array.from(t.data as Float32Array), t.shape) : t;
}

/** Largest difference relative to the largest value. */
export function relativeError(actual: HostTensor, expected: HostTensor): number {
  const [a, b] = [toNumbers(actual), toNumbers(expected)];
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  const scale = Math.max(...b.map(Math.abs), 1e-30);
  const worst = Math.max(...a.map((v, i) => Math.abs(v - b[i]!)));
  return Number.isNaN(worst) ? Number.POSITIVE_INFINITY : worst / scale;
}

/** Relative errors of the f32 results, gradients and second derivatives, by name. */
export async function disagreement(
  fn: (...inputs: Tensor[]) => Tensor | readonly Tensor[],
  inputs: readonly HostTensor[],
): Promise<Record<string, number>> {
  const all = (xs: readonly Tensor[]) => {
    const results = [fn(...xs)].flat() as Tensor[];
    const first = vjp(
      results,
      results.map((y) => y.mul(y).add(1)),
      xs,
    );
    const second = vjp(
      first,
      first.map((g) => g.mul(0.5)),
      xs,
    );
    return { results, first, second };
  };
  const run = program(all);
  const single = await run([...inputs]);
  const double = await run(inputs.map(toF64));
  await run.release();
  const out: Record<string, number> = {};
  for (const part of ["results", "first", "second"] as const)
    single[part].forEach((value, i) => {
      out[`${part} ${i}`] = relativeError(value, double[part][i]!);
    });
  return out;
}
