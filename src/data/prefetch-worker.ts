/**
 * The thread behind prefetch.ts: makes batches ahead of the consumer and writes them into a ring of shared slots.
 *
 * It sleeps in Atomics.wait while the ring is full. Errors go back as plain data, because a LyceumError loses its class
 * on the way between threads.
 */
import { parentPort, workerData } from "node:worker_threads";
import { LyceumError } from "../errors.ts";
import { type BatchOptions, batches } from "./batches.ts";
import type { ArrayDataset } from "./dataset.ts";

/** Slot states in the shared control array. */
export const FREE = 0;
export const READY = 1;

/** Shared memory of one slot. */
export interface Slot {
  readonly x: Uint8Array | Float32Array;
  readonly y: Int32Array;
  readonly ids: Int32Array;
  readonly lambda: Float32Array;
  readonly mixIds: Int32Array;
  readonly mixY: Int32Array;
}

export interface WorkerInput {
  readonly lyceum: "prefetch";
  readonly dataset: ArrayDataset;
  readonly options: BatchOptions;
  readonly start: number;
  readonly slots: readonly Slot[];
  /** One state per slot, and a last element that becomes 1 when the consumer closes. */
  readonly control: Int32Array;
}

export interface WorkerFailure {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

export type WorkerMessage =
  | { readonly step: number; readonly epoch: number; readonly size: number; readonly mixed: boolean }
  | { readonly failure: WorkerFailure };

function run({ dataset, options, start, slots, control }: WorkerInput): void {
  const closed = slots.length;
  const source = batches(dataset, options);
  for (let step = start; Atomics.load(control, closed) === 0; step++) {
    const at = step % slots.length;
    // The time-out covers a close that happens between the check above and the wait.
    while (Atomics.load(control, at) !== FREE && Atomics.load(control, closed) === 0)
      Atomics.wait(control, at, READY, 1000);
    if (Atomics.load(control, closed) !== 0) return;
    const batch = source.batchAt(step);
    const slot = slots[at]!;
    slot.x.set(batch.x);
    slot.y.set(batch.y);
    slot.ids.set(batch.ids);
    if (batch.mix) {
      slot.lambda.set(batch.mix.lambda);
      slot.mixIds.set(batch.mix.ids);
      slot.mixY.set(batch.mix.y);
    }
    Atomics.store(control, at, READY);
    const message: WorkerMessage = { step, epoch: batch.epoch, size: batch.size, mixed: batch.mix !== undefined };
    parentPort!.postMessage(message);
  }
}

const input = workerData as WorkerInput | undefined;
if (parentPort && input?.lyceum === "prefetch") {
  try {
    run(input);
  } catch (error) {
    const failure: WorkerFailure =
      error instanceof LyceumError
        ? { code: error.code, message: error.message }
        : {
            code: "E_DATA_WORKER",
            message: `The data worker failed: ${error instanceof Error ? error.message : error}`,
          };
    parentPort.postMessage({ failure } satisfies WorkerMessage);
  }
}
