/**
 * Stored targets: what the teacher said about every example, as rows to gather from while students learn. Row i
 * belongs to example i, whatever batch it turns up in.
 */
import { fail } from "../errors.ts";
import { constant, type HostTensor, host, type Tensor } from "../tensor/index.ts";
import { type Targets, teacherTargets } from "./losses/loss.ts";

/** One field of the rows. */
export interface Field {
  /** Shape per example, without the batch axis. */
  readonly shape: readonly number[];
  /** `[examples, ...shape]`. */
  readonly data: Float32Array;
}

/** `logits` and taps by path. */
export type StoredTargets = ReadonlyMap<string, Field>;

/** Class means of teacher taps, `[classes, d]` flattened, by tap. */
export type ClassMeans = ReadonlyMap<string, Float32Array>;

/** The rows of a batch: what a step is fed with. */
export function gatherRows(stored: StoredTargets, ids: Int32Array): Record<string, HostTensor> {
  const out: Record<string, HostTensor> = {};
  for (const [name, { shape, data }] of stored) {
    const size = shape.reduce((a, b) => a * b, 1);
    const rows = new Float32Array(ids.length * size);
    for (let i = 0; i < ids.length; i++) {
      const at = ids[i]! * size;
      rows.set(data.subarray(at, at + size), i * size);
    }
    out[name] = host(rows, [ids.length, ...shape]);
  }
  return out;
}

/** The same inside the step's graph. */
export function targetsFrom(rows: Readonly<Record<string, Tensor>>, means: ReadonlyMap<string, Tensor>): Targets {
  const { logits, ...taps } = rows;
  if (!logits) return fail("E_STORE_MISMATCH", "The stored targets hold no logits.");
  return teacherTargets({ logits, taps: new Map(Object.entries(taps)) }, means);
}

/** Class means as constants. */
export function meansTensors(means: ClassMeans, classes: number): ReadonlyMap<string, Tensor> {
  return new Map([...means].map(([tap, data]) => [tap, constant(host(data, [classes, data.length / classes]))]));
}

/**
 * Mean row of each class, summed in f64. `data` `[rows, d]`, one label per row; result `[classes, d]`.
 * @throws E_LOSS_MEANS for a class without examples
 */
export function classMeans(data: Float32Array, labels: Int32Array, classes: number): Float32Array {
  const size = data.length / labels.length;
  const sums = new Float64Array(classes * size);
  const counts = new Int32Array(classes);
  labels.forEach((label, i) => {
    counts[label]!++;
    for (let j = 0; j < size; j++) sums[label * size + j]! += data[i * size + j]!;
  });
  counts.forEach((n, c) => {
    if (n === 0) fail("E_LOSS_MEANS", `Class ${c} has no training example, so the teacher has no mean for it.`);
  });
  return Float32Array.from(sums, (s, i) => s / counts[Math.floor(i / size)]!);
}
