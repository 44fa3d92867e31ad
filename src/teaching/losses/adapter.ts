/**
 * Adapters: trainable projections that some losses need when widths differ, under paths "adapter.<loss>.<name>".
 *
 * They are declared while the loss is traced and live behind the student's own parameters in the flat vector, so one
 * optimiser trains both and an export takes the front of the vector. They never run outside training.
 */
import { fill, type Key, matmul, random, type Tensor } from "../../tensor/index.ts";

/** Where a loss declares parameters. */
export interface AdapterScope {
  at(name: string): AdapterScope;
  /** A parameter, uniform in ±bound at the start. */
  param(name: string, shape: readonly number[], bound: number): Tensor;
}

export interface AdapterEntry {
  readonly path: string;
  readonly shape: readonly number[];
  readonly bound: number;
  readonly offset: number;
  readonly size: number;
}

/** Finds out which adapters a loss declares, by tracing it once. */
export function recordAdapters(trace: (scope: AdapterScope) => void): { entries: AdapterEntry[]; size: number } {
  const entries: AdapterEntry[] = [];
  let offset = 0;
  const scope = (prefix: string): AdapterScope => ({
    at: (name) => scope(`${prefix}.${name}`),
    param: (name, shape, bound) => {
      const size = shape.reduce((a, b) => a * b, 1);
      entries.push({ path: `${prefix}.${name}`, shape, bound, offset, size });
      offset += size;
      return fill(0, shape);
    },
  });
  trace(scope("adapter"));
  return { entries, size: offset };
}

/** Hands out the recorded parameters as slices of `flat` `[size]`. */
export function adapterScope(entries: readonly AdapterEntry[], flat: Tensor): AdapterScope {
  const byPath = new Map(entries.map((e) => [e.path, e]));
  const scope = (prefix: string): AdapterScope => ({
    at: (name) => scope(`${prefix}.${name}`),
    param: (name) => {
      const entry = byPath.get(`${prefix}.${name}`)!;
      return flat.slice(0, entry.offset, entry.offset + entry.size).reshape(entry.shape);
    },
  });
  return scope("adapter");
}

/** Initial values; each adapter draws from its own path, so that adding one changes no other. */
export function initAdapters(
  { entries, size }: { entries: readonly AdapterEntry[]; size: number },
  key: Key,
): Float32Array {
  const out = new Float32Array(size);
  for (const { path, bound, offset, size: n } of entries) {
    const draws = random.uniform(random.fold(key, path), n);
    for (let i = 0; i < n; i++) out[offset + i] = (2 * draws[i]! - 1) * bound;
  }
  return out;
}

/**
 * Linear map of the channel axis (axis 1) to `width` channels: a linear layer for `[B, c]`, a 1×1 convolution for
 * `[B, c, h, w]`. Bound 1/√c as in PyTorch's layers, bias 0.
 */
export function project(scope: AdapterScope, x: Tensor, width: number): Tensor {
  const [batch, channels = 1, ...space] = x.dims;
  const weight = scope.param("weight", [channels, width], 1 / Math.sqrt(channels));
  const bias = scope.param("bias", [width], 0);
  if (space.length === 0) return x.matmul(weight).add(bias);
  const flat = x.reshape([batch!, channels, -1]);
  const out = matmul(weight.expandDims(0), flat, { transA: true }).add(bias.expandDims(-1));
  return out.reshape([batch!, width, ...space]);
}
