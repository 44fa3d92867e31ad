/**
 * Batches of rows as a pure function of (key, step), as `data/batches.ts` does it for examples: a resumed run asks for
 * the step where it was and needs no other state. Rows that do not fill the last batch of an epoch wait for the next
 * epoch, which has another order.
 */
import { fail } from "../../errors.ts";
import { fold, type Key, permutation } from "../../tensor/random.ts";
import { IGNORED, type Rows } from "./pack.ts";

/** Rows of one step, `[batchSize, context]` each, with their numbers. */
export interface RowBatch extends Rows {
  readonly ids: Int32Array;
  readonly step: number;
  readonly epoch: number;
}

export interface RowBatches {
  readonly stepsPerEpoch: number;
  /** The batch of a step; pure. */
  at(step: number): RowBatch;
  /** Endless batches from a step on. */
  from(step: number): Generator<RowBatch, never>;
}

/** @throws E_PACK when the batch size is no whole number from 1 to the number of rows */
export function rowBatches(rows: Rows, { key, batchSize }: { key: Key; batchSize: number }): RowBatches {
  if (!Number.isInteger(batchSize) || batchSize < 1 || batchSize > rows.n) {
    fail("E_PACK", `Batches of ${batchSize} were asked of ${rows.n} rows.`, `Ask for 1 to ${rows.n}.`);
  }
  const stepsPerEpoch = Math.floor(rows.n / batchSize);
  let order: { epoch: number; ids: Int32Array } | undefined;
  const at = (step: number): RowBatch => {
    if (!Number.isInteger(step) || step < 0) fail("E_PACK", `There is no step ${step}.`, "Steps count from 0.");
    const epoch = Math.floor(step / stepsPerEpoch);
    if (order?.epoch !== epoch) order = { epoch, ids: permutation(fold(key, epoch), rows.n) };
    const start = (step % stepsPerEpoch) * batchSize;
    const ids = order.ids.slice(start, start + batchSize);
    return { ...takeRows(rows, ids), ids, step, epoch };
  };
  return {
    stepsPerEpoch,
    at,
    *from(step) {
      for (let s = step; ; s++) yield at(s);
    },
  };
}

/** The rows with the given numbers, in that order. */
export function takeRows(rows: Rows, ids: ArrayLike<number>): Rows {
  const { context } = rows;
  const take = (from: Int32Array) => {
    const out = new Int32Array(ids.length * context);
    for (let i = 0; i < ids.length; i++)
      out.set(from.subarray(ids[i]! * context, (ids[i]! + 1) * context), i * context);
    return out;
  };
  const labels = take(rows.labels);
  let counted = 0;
  for (const label of labels) if (label !== IGNORED) counted++;
  return {
    n: ids.length,
    context,
    inputs: take(rows.inputs),
    labels,
    segments: take(rows.segments),
    positions: take(rows.positions),
    counted,
  };
}
