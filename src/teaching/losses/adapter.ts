/**
 * Adapters: what a loss brings along beside the student's own network, under paths "adapter.<loss>.<name>".
 *
 * Parameters (projections where widths differ) are trained with the student; state (memory banks) is not, and a step
 * leaves its new value. Both are declared while the loss is traced and live behind the student's own values in its two
 * flat vectors: one optimiser trains all, a checkpoint holds all, an export takes the front. They run in training only.
 */
import { fail } from "../../errors.ts";
import { concat, fill, type Key, matmul, random, stopGradient, type Tensor } from "../../tensor/index.ts";

/** Values at the start: uniform within ± a bound, or one value everywhere. */
export type Start = number | { readonly fill: number };

/** Where a loss declares what it needs. */
export interface AdapterScope {
  at(name: string): AdapterScope;
  /** A trained tensor. */
  param(name: string, shape: readonly number[], start: Start): Tensor;
  /** A tensor that is kept from step to step without being trained: its value before this step. */
  state(name: string, shape: readonly number[], start: Start): Tensor;
  /** The value of a state after this step. No gradient passes. */
  update(name: string, value: Tensor): void;
}

export interface AdapterEntry {
  readonly path: string;
  readonly shape: readonly number[];
  readonly start: Start;
  readonly offset: number;
  readonly size: number;
}

/** Entries of one flat vector, without gaps. */
export interface AdapterLayout {
  readonly entries: readonly AdapterEntry[];
  readonly size: number;
}

/** What a loss declares: trained parameters, and state. */
export interface Adapters extends AdapterLayout {
  readonly state: AdapterLayout;
}

/** Finds out what a loss declares, by tracing it once. */
export function recordAdapters(trace: (scope: AdapterScope) => void): Adapters {
  const params = recorder();
  const state = recorder();
  const scope = (prefix: string): AdapterScope => ({
    at: (name) => scope(`${prefix}.${name}`),
    param: (name, shape, start) => params.add(`${prefix}.${name}`, shape, start),
    state: (name, shape, start) => state.add(`${prefix}.${name}`, shape, start),
    update: () => {},
  });
  trace(scope("adapter"));
  return { ...params.layout(), state: state.layout() };
}

function recorder() {
  const entries: AdapterEntry[] = [];
  let offset = 0;
  return {
    add(path: string, shape: readonly number[], start: Start): Tensor {
      if (entries.some((e) => e.path === path)) {
        fail("E_LOSS_ADAPTER", `The loss declares "${path}" twice.`, "Give each part a name of its own.");
      }
      const size = shape.reduce((a, b) => a * b, 1);
      entries.push({ path, shape, start, offset, size });
      offset += size;
      return fill(0, shape);
    },
    layout: (): AdapterLayout => ({ entries, size: offset }),
  };
}

/** The state of a step: what it starts from, and what it leaves. */
export interface AdapterMemory {
  read(path: string): Tensor;
  write(path: string, value: Tensor): void;
}

/**
 * State behind the first `kept` values of `flat` `[kept + size]`; `next` is the vector after the step, given those first
 * values. One split and one concatenation in all: banks may be large.
 */
export function adapterMemory(
  { entries }: AdapterLayout,
  flat: Tensor,
  kept: number,
): AdapterMemory & { next(own: Tensor): Tensor } {
  const views = slices(entries, flat, kept);
  const written = new Map<string, Tensor>();
  return {
    read: (path) => views.get(path)!,
    write: (path, value) => written.set(path, stopGradient(value)),
    next: (own) => {
      const state = entries.map((e) => (written.get(e.path) ?? views.get(e.path)!).reshape([e.size]));
      return concat(kept > 0 ? [own, ...state] : state);
    },
  };
}

/** Hands out the recorded parameters as slices of `flat` `[size]`, and the state of `memory`. */
export function adapterScope(entries: readonly AdapterEntry[], flat: Tensor, memory?: AdapterMemory): AdapterScope {
  const views = slices(entries, flat);
  const kept = memory ?? NOTHING;
  const scope = (prefix: string): AdapterScope => ({
    at: (name) => scope(`${prefix}.${name}`),
    param: (name) => views.get(`${prefix}.${name}`)!,
    state: (name) => stopGradient(kept.read(`${prefix}.${name}`)),
    update: (name, value) => kept.write(`${prefix}.${name}`, value),
  });
  return scope("adapter");
}

const NOTHING: AdapterMemory = {
  read: (path) => fail("E_LOSS_ADAPTER", `The loss keeps "${path}", but there is no place for state here.`),
  write: () => {},
};

/** One split for all, so that the gradient is one concatenation; the first `skip` values belong to others. */
function slices(entries: readonly AdapterEntry[], flat: Tensor, skip = 0): Map<string, Tensor> {
  if (entries.length === 0) return new Map();
  const pieces = flat.split(0, [...(skip > 0 ? [skip] : []), ...entries.map((e) => e.size)]);
  if (skip > 0) pieces.shift();
  return new Map(entries.map((e, i) => [e.path, pieces[i]!.reshape(e.shape)]));
}

/** Initial values; each entry draws from its own path, so that adding one changes no other. */
export function initAdapters({ entries, size }: AdapterLayout, key: Key): Float32Array {
  const out = new Float32Array(size);
  for (const { path, start, offset, size: n } of entries) {
    if (typeof start !== "number") {
      out.fill(start.fill, offset, offset + n);
      continue;
    }
    const draws = random.uniform(random.fold(key, path), n);
    for (let i = 0; i < n; i++) out[offset + i] = (2 * draws[i]! - 1) * start;
  }
  return out;
}

/** The scope, or an error that says why one is needed. @throws E_LOSS_ADAPTER */
export function needAdapters(adapters: AdapterScope | undefined, why: string): AdapterScope {
  return adapters ?? fail("E_LOSS_ADAPTER", `${why} and there is no place for an adapter.`);
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
