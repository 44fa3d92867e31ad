/**
 * Models as tensors by path, the form that safetensors files and other frameworks have. Parameters and buffers share
 * one record, as in a PyTorch state dict; reading checks that record and model fit each other, name by name.
 */
import { fail } from "../errors.ts";
import { didYouMean } from "../nearest.ts";
import { type HostTensor, host } from "../tensor/index.ts";
import { type Layout, setParam, viewParams } from "./layout.ts";
import type { Model } from "./model.ts";

export interface ModelValues {
  readonly params: Float32Array;
  readonly buffers: Float32Array;
}

/** Copies of all parameters and buffers by path. */
export function toRecord(model: Model, { params, buffers }: ModelValues): Record<string, HostTensor> {
  const views = [...viewParams(model.params, params), ...viewParams(model.buffers, buffers)];
  return Object.fromEntries(views.map(([path, { data, shape }]) => [path, host(data.slice(), shape)]));
}

export interface FromRecordOptions {
  /** The name in the record of one of the model's paths; the path itself where not given. */
  readonly rename?: (path: string) => string;
}

/** PyTorch counts batches in its batch norms; nothing here reads that. */
const isIgnored = (name: string) => name.endsWith("num_batches_tracked");

/**
 * Values of a model from tensors by name, f32 or f64. Errors: `E_PARAM_PATH` for names that are missing or left over,
 * `E_PARAM_SHAPE`, `E_DTYPE`.
 */
export function fromRecord(
  model: Model,
  record: Readonly<Record<string, HostTensor>>,
  { rename = (path) => path }: FromRecordOptions = {},
): ModelValues {
  const names = Object.keys(record).filter((name) => !isIgnored(name));
  const used = new Set<string>();
  const read = (layout: Layout) => {
    const flat = new Float32Array(layout.size);
    for (const { path } of layout.entries) {
      const name = rename(path);
      const value = Object.hasOwn(record, name)
        ? record[name]!
        : fail("E_PARAM_PATH", `${model.name} needs "${name}", which is not there.`, didYouMean(name, names));
      used.add(name);
      setParam(layout, flat, path, value);
    }
    return flat;
  };
  const values = { params: read(model.params), buffers: read(model.buffers) };
  const left = names.filter((name) => !used.has(name));
  if (left.length > 0) {
    fail(
      "E_PARAM_PATH",
      `${model.name} has no place for ${left.length} of ${names.length} tensors: ${left.slice(0, 5).join(", ")}.`,
      "Is it another model's file, or does it need a rename?",
    );
  }
  return values;
}
