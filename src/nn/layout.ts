/**
 * Where each parameter lives in the flat vector. One vector for all parameters keeps a step at few inputs and outputs
 * and makes EMA teachers, averaging and checkpoints operations on one Float32Array; paths keep it readable.
 */
import { fail } from "../errors.ts";
import { didYouMean } from "../nearest.ts";
import { CONSTANT, constant } from "../tensor/graph.ts";
import { type HostTensor, host, type Tensor } from "../tensor/index.ts";
import { show } from "../tensor/shape.ts";

export interface Entry {
  /** Names joined by dots: "layer1.0.conv1.weight". */
  readonly path: string;
  readonly shape: readonly number[];
  /** First element in the flat vector. */
  readonly offset: number;
  readonly size: number;
}

/** Entries in order of first use in the forward pass, without gaps. */
export interface Layout {
  readonly entries: readonly Entry[];
  readonly size: number;
}

/** Lays tensors out one after the other. */
export function layoutOf(tensors: Iterable<{ readonly path: string; readonly shape: readonly number[] }>): Layout {
  const entries: Entry[] = [];
  let offset = 0;
  for (const { path, shape } of tensors) {
    const size = shape.reduce((a, b) => a * b, 1);
    entries.push({ path, shape, offset, size });
    offset += size;
  }
  return { entries, size: offset };
}

/** The entry of a path. Errors: `E_PARAM_PATH` with the nearest names. */
export function entryOf(layout: Layout, path: string): Entry {
  return layout.entries.find((e) => e.path === path) ?? unknownPath(layout, path);
}

export function unknownPath(layout: Layout, path: string): never {
  const names = layout.entries.map((e) => e.path);
  return fail("E_PARAM_PATH", `No parameter is called "${path}".`, didYouMean(path, names));
}

/** Symbolic views of a flat vector: one split, so that its gradient is one concatenation. */
export function symbolicViews(layout: Layout, flat: Tensor): Map<string, Tensor> {
  if (flat.rank !== 1 || flat.shape[0] !== layout.size) {
    fail("E_PARAM_SHAPE", `A vector of ${layout.size} parameters was expected, got ${show(flat.shape)}.`);
  }
  if (layout.size === 0) return new Map();
  const known = flat.node.op === CONSTANT ? (flat.node.attrs.value as HostTensor) : undefined;
  // A frozen model's vector is cut here, so that the runtime sees constant weights and can pre-pack them; an exported
  // file shows them under their paths.
  const pieces = known
    ? layout.entries.map((e) => constant(slice(known, e), e.path))
    : flat.split(
        0,
        layout.entries.map((e) => e.size),
      );
  return new Map(layout.entries.map((e, i) => [e.path, pieces[i]!.reshape(e.shape)]));
}

const slice = ({ data, dtype }: HostTensor, { shape, offset, size }: Entry): HostTensor => ({
  dtype,
  shape,
  data: data.subarray(offset, offset + size),
});

/** Named views that share memory with `flat`: writing to one changes the vector. */
export function viewParams(layout: Layout, flat: Float32Array): Map<string, HostTensor & { data: Float32Array }> {
  needSize(layout, flat);
  return new Map(
    layout.entries.map((e) => [
      e.path,
      { dtype: "f32" as const, shape: e.shape, data: flat.subarray(e.offset, e.offset + e.size) },
    ]),
  );
}

/** A copy of one parameter. */
export function getParam(layout: Layout, flat: Float32Array, path: string): HostTensor {
  const { shape, offset, size } = entryOf(layout, path);
  needSize(layout, flat);
  return host(flat.slice(offset, offset + size), shape);
}

/** Writes one parameter in place. Errors: `E_PARAM_PATH`, `E_PARAM_SHAPE`. */
export function setParam(layout: Layout, flat: Float32Array, path: string, value: HostTensor): void {
  const { shape, offset } = entryOf(layout, path);
  needSize(layout, flat);
  if (show(value.shape) !== show(shape)) {
    fail("E_PARAM_SHAPE", `"${path}" has shape ${show(shape)}, the given value ${show(value.shape)}.`);
  }
  if (value.dtype !== "f32" && value.dtype !== "f64") {
    fail("E_DTYPE", `"${path}" was given as ${value.dtype}.`, "Parameters are f32.");
  }
  flat.set(value.data as Float32Array, offset);
}

/** 1 where `keep(path, shape)` holds, 0 elsewhere: which parameters a weight decay or an update touches. */
export function maskOf(layout: Layout, keep: (path: string, shape: readonly number[]) => boolean): Float32Array {
  const out = new Float32Array(layout.size);
  for (const e of layout.entries) if (keep(e.path, e.shape)) out.fill(1, e.offset, e.offset + e.size);
  return out;
}

function needSize(layout: Layout, flat: Float32Array): void {
  if (flat.length !== layout.size) {
    fail(
      "E_PARAM_SHAPE",
      `A vector of ${layout.size} parameters was expected, got ${flat.length}.`,
      "Is it another model's?",
    );
  }
}
