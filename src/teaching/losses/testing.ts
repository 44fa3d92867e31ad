/** For the tests of losses: values and gradients of a loss on given numbers. Not part of the package. */

import { fromNumbers } from "../../tensor/host.ts";
import {
  type DType,
  grad,
  type HostTensor,
  host,
  type Key,
  keyValue,
  program,
  type Tensor,
  toNumbers,
} from "../../tensor/index.ts";
import type { AdapterScope } from "./adapter.ts";
import { type ExampleLabels, type Loss, type Outputs, teacherTargets } from "./loss.ts";

export interface Side {
  readonly logits?: HostTensor;
  readonly taps?: Readonly<Record<string, HostTensor>>;
}
export interface Case {
  readonly student: Side;
  readonly teacher?: Side;
  readonly labels?: readonly number[];
  readonly classMeans?: Readonly<Record<string, HostTensor>>;
  /** i32 labels of any shape, in place of `labels`. */
  readonly tokens?: HostTensor;
  /** Values of the adapters' parameters, by path below "adapter", or by the end of it. */
  readonly adapters?: Readonly<Record<string, HostTensor>>;
  /** Values of their state, likewise. */
  readonly state?: Readonly<Record<string, HostTensor>>;
  readonly progress?: number;
  readonly ids?: readonly number[];
  readonly key?: Key;
  readonly examples?: ExampleLabels;
}

/** Numbers as a tensor. */
export const values = (data: readonly number[], shape: readonly number[], dtype: DType = "f32"): HostTensor =>
  host(fromNumbers(data, dtype), shape, dtype);
export const matrix = (rows: readonly (readonly number[])[], dtype: DType = "f32"): HostTensor =>
  values(rows.flat(), [rows.length, rows[0]!.length], dtype);

/** Loss, parts, and gradients with respect to everything of the student (and the teacher, where it must be zero). */
export async function evaluateLoss(loss: Loss, given: Case) {
  const none = values([0], [1, 1]);
  const side = (s: Side | undefined) => ({ logits: s?.logits ?? none, taps: { ...s?.taps } });
  const inputs = {
    student: side(given.student),
    teacher: side(given.teacher),
    means: { ...given.classMeans },
    adapters: { ...given.adapters },
    state: { ...given.state },
    labels: given.tokens ?? values(given.labels ?? [0], [given.labels?.length ?? 1], "i32"),
    progress: given.progress ?? 1,
    ids: values(given.ids ?? [0], [given.ids?.length ?? 1], "i32"),
    key: keyValue(given.key ?? [0, 0]),
  };
  const run = program((a: TensorsOf<typeof inputs>) => {
    const outputs = (s: { logits: Tensor; taps: Record<string, Tensor> }): Outputs => ({
      logits: s.logits,
      taps: new Map(Object.entries(s.taps)),
    });
    const left: Record<string, Tensor> = { ...a.state };
    const find = (all: Record<string, Tensor>, prefix: string, name: string) =>
      all[prefix + name] ?? all[name] ?? missing(prefix + name);
    const scope = (prefix: string): AdapterScope => ({
      at: (name) => scope(`${prefix}${name}.`),
      param: (name) => find(a.adapters, prefix, name),
      state: (name) => find(a.state, prefix, name),
      update: (name, value) => {
        left[prefix + name in left ? prefix + name : name] = value;
      },
    });
    const { loss: value, parts } = loss(
      outputs(a.student),
      teacherTargets(outputs(a.teacher), new Map(Object.entries(a.means))),
      {
        labels: a.labels,
        adapters: scope(""),
        ...(given.progress !== undefined && { progress: a.progress }),
        ...(given.ids && { ids: a.ids }),
        ...(given.key && { key: a.key }),
        ...(given.examples && { examples: given.examples }),
      },
    );
    const all = {
      logits: a.student.logits,
      ...a.student.taps,
      ...prefixed("adapter.", a.adapters),
      teacher: a.teacher.logits,
      ...prefixed("teacher.", a.teacher.taps),
    };
    // Ids that a teacher names have no gradient.
    const wrt = Object.fromEntries(Object.entries(all).filter(([, t]) => t.dtype === "f32" || t.dtype === "f64"));
    const gradients = grad(value, Object.values(wrt));
    const named = Object.fromEntries(Object.keys(wrt).map((k, i) => [k, gradients[i]!]));
    return { value, parts, gradients: named, state: left };
  });
  const result = await run(inputs);
  await run.release();
  const numbers = (r: Readonly<Record<string, HostTensor>>) =>
    Object.fromEntries(Object.entries(r).map(([k, v]) => [k, toNumbers(v)]));
  return {
    value: toNumbers(result.value)[0]!,
    parts: numbers(result.parts),
    gradients: numbers(result.gradients),
    /** After the step. */
    state: numbers(result.state),
  };
}

const missing = (path: string): never => {
  throw new Error(`The case gives no values for "${path}".`);
};

type TensorsOf<T> = T extends HostTensor | number ? Tensor : { [K in keyof T]: TensorsOf<T[K]> };
const prefixed = <T>(prefix: string, record: Readonly<Record<string, T>>) =>
  Object.fromEntries(Object.entries(record).map(([k, v]) => [prefix + k, v]));
