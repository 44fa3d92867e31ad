/**
 * What a layer function gets. A scope is a path in a model; asking it for a parameter either records the parameter
 * (the first trace, which finds the layout) or returns its view (every later trace). Layers therefore need no classes
 * and no registration: `linear(scope.at("fc1"), x, 256)`.
 */
import type { Tensor } from "../tensor/index.ts";
import type { Initialiser } from "./init.ts";

export interface Scope {
  /** Names so far, joined by dots; "" for the model itself. */
  readonly path: string;
  /** True while training: dropout drops, batch statistics are used and recorded. */
  readonly train: boolean;
  /** The child scope `path.name`. */
  at(name: string | number): Scope;
  /** A trained tensor. Asking twice for one path shares it. Errors: `E_PARAM_SHAPE` when the shapes differ. */
  param(name: string, shape: readonly number[], init: Initialiser): Tensor;
  /** A tensor that travels with the model but is not trained (running statistics), starting full of `value`. */
  buffer(name: string, shape: readonly number[], value: number): Tensor;
  /** The value of a buffer after this step; ignored outside training. No gradient passes. */
  update(name: string, value: Tensor): void;
  /** Names an intermediate, for feature losses and explanations; returns it. */
  tap<T extends Tensor>(name: string, value: T): T;
  /** Uniform in [0, 1) from this step's key and this path: a fresh draw on every call. Training only. */
  random(shape: readonly number[]): Tensor;
}

/** The same operations by full path: what stands behind a scope. */
export interface ScopeSource {
  readonly train: boolean;
  param(path: string, shape: readonly number[], init: Initialiser): Tensor;
  buffer(path: string, shape: readonly number[], value: number): Tensor;
  update(path: string, value: Tensor): void;
  tap(path: string, value: Tensor): void;
  random(path: string, shape: readonly number[]): Tensor;
}

export function scopeOver(source: ScopeSource, path = ""): Scope {
  const full = (name: string | number) => (path === "" ? String(name) : `${path}.${name}`);
  return {
    path,
    train: source.train,
    at: (name) => scopeOver(source, full(name)),
    param: (name, shape, init) => source.param(full(name), shape, init),
    buffer: (name, shape, value) => source.buffer(full(name), shape, value),
    update: (name, value) => source.update(full(name), value),
    tap: (name, value) => {
      source.tap(full(name), value);
      return value;
    },
    random: (shape) => source.random(path, shape),
  };
}
