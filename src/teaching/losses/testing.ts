/** For the tests of losses: values and gradients of a loss on given numbers. Not part of the package. */

import { fromNumbers } from "../../tensor/host.ts";
import { type DType, grad, type HostTensor, host, program, type Tensor, toNumbers } from "../../tensor/index.ts";
import type { AdapterScope } from "./adapter.ts";
import { type Loss, type Outputs, teacherTargets } from "./loss.ts";

export interface Side {
  readonly logits?: HostTensor;
  readonly taps?: Readonly<Record<string, HostTensor>>;
}
export interface Case {
  readonly student: Side;
  readonly teacher?: Side;
  readonly labels?: readonly number[];
  readonly classMeans?: Readonly<Record<string, HostTensor>>;
  /** Values of the adapters' parameters, by the end of their path. */
  readonly adapters?: Readonly<Record<string, HostTensor>>;
  readonly progress?: number;
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
    labels: values(given.labels ?? [0], [given.labels?.length ?? 1], "i32"),
    progress: given.progress ?? 1,
  };
  const run = program((a: TensorsOf<typeof inputs>) => {
    const outputs = (s: { logits: Tensor; taps: Record<string, Tensor> }): Outputs => ({
      logits: s.logits,
      taps: new Map(Object.entries(s.taps)),
    });
    const scope: AdapterScope = { at: () => scope, param: (name) => a.adapters[name]! };
    const { loss: value, parts } = loss(
      outputs(a.student),
      teacherTargets(outputs(a.teacher), new Map(Object.entries(a.means))),
      { labels: a.labels, adapters: scope, ...(given.progress !== undefined && { progress: a.progress }) },
    );
    const wrt = {
      logits: a.student.logits,
      ...a.student.taps,
      ...prefixed("adapter.", a.adapters),
      teacher: a.teacher.logits,
    };
    const gradients = grad(value, Object.values(wrt));
    return { value, parts, gradients: Object.fromEntries(Object.keys(wrt).map((k, i) => [k, gradients[i]!])) };
  });
  const result = await run(inputs);
  await run.release();
  const numbers = (r: Readonly<Record<string, HostTensor>>) =>
    Object.fromEntries(Object.entries(r).map(([k, v]) => [k, toNumbers(v)]));
  return { value: toNumbers(result.value)[0]!, parts: numbers(result.parts), gradients: numbers(result.gradients) };
}

type TensorsOf<T> = T extends HostTensor | number ? Tensor : { [K in keyof T]: TensorsOf<T[K]> };
const prefixed = <T>(prefix: string, record: Readonly<Record<string, T>>) =>
  Object.fromEntries(Object.entries(record).map(([k, v]) => [prefix + k, v]));
