/**
 * Batches as a pure function of (key, step): killing a run at any step and asking for `batchAt(step)` again gives the
 * same bytes, so a resumed run needs no iterator state in its checkpoint.
 *
 * Every batch has the same length, because a training program is compiled once per shape. What happens to the examples
 * that do not fill the last batch of an epoch is therefore a choice: "drop" them, or "wrap" round to the first examples
 * of the same epoch; `size` then says how many lead examples are fresh (an exam must count only those).
 */
import { fail } from "../errors.ts";
import { fold, type Key, permutation } from "../tensor/random.ts";
import { type AugmentSpec, type Mix, prepareAugment } from "./augment.ts";
import { type ArrayDataset, countOf, emptyLike, sizeOf } from "./dataset.ts";

/** Consecutive examples of one step. */
export interface Batch {
  /** `[batchSize, ...inputShape]`, the element type of the dataset. */
  readonly x: Uint8Array | Float32Array;
  /** `[batchSize]` labels. */
  readonly y: Int32Array;
  /** `[batchSize]` indices into the dataset. */
  readonly ids: Int32Array;
  /** Number of fresh examples, counted from the front; below the batch size only in the last batch of a "wrap" epoch. */
  readonly size: number;
  readonly step: number;
  readonly epoch: number;
  /** Present when the augmentation mixes pairs: labels become `lambda * y + (1 - lambda) * mix.y`. */
  readonly mix?: Mix;
}

/** Everything but the dataset that decides what a batch holds; JSON-serialisable, so that a worker can do the same. */
export interface BatchOptions {
  readonly key: Key;
  readonly batchSize: number;
  /** "drop" (default): incomplete last batches are left out. "wrap": they are filled from the front of the epoch. */
  readonly last?: "drop" | "wrap";
  /** Default true: a new order every epoch. False: the order of the dataset, as exams want it. */
  readonly shuffle?: boolean;
  readonly augment?: AugmentSpec;
}

/** A source of batches; `batchAt` is pure, iteration is `batchAt(0)`, `batchAt(1)`, ... without end. */
export interface Batches {
  readonly dataset: ArrayDataset;
  readonly options: BatchOptions;
  readonly stepsPerEpoch: number;
  batchAt(step: number): Batch;
  /** The batches of one epoch. */
  epoch(epoch: number): Generator<Batch, void>;
  /** Endless batches from `step` on: what a resumed run iterates. */
  from(step: number): Generator<Batch, never>;
}

/**
 * Batches of a dataset.
 * @throws E_DATA_BATCH when the batch size is no positive whole number, or above the dataset with `last: "drop"`.
 */
export function batches(dataset: ArrayDataset, options: BatchOptions): Batches {
  const { key, batchSize, last = "drop", shuffle = true, augment = [] } = options;
  const count = countOf(dataset);
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    fail("E_DATA_BATCH", `Batch size ${batchSize} was given; a positive whole number was expected.`);
  }
  if (count === 0) fail("E_DATA_EMPTY", `Dataset "${dataset.name}" has no examples to batch.`);
  if (last === "drop" && batchSize > count) {
    fail(
      "E_DATA_BATCH",
      `Batch size ${batchSize} is above the ${count} examples of "${dataset.name}", and incomplete batches are dropped.`,
      `Use a batch size up to ${count}, or last: "wrap".`,
    );
  }
  const stepsPerEpoch = last === "drop" ? Math.floor(count / batchSize) : Math.ceil(count / batchSize);
  const [orderKey, augmentKey] = [fold(key, 0), fold(key, 1)];
  const applyAugment = prepareAugment(augment, dataset, augmentKey);
  const exampleSize = sizeOf(dataset);

  // One epoch's order is remembered; it is only a cache, any step can be asked at any time.
  let cached: { epoch: number; order: Int32Array } | undefined;
  const orderOf = (epoch: number): Int32Array => {
    if (cached?.epoch !== epoch) {
      const order = shuffle
        ? permutation(fold(orderKey, epoch), count)
        : Int32Array.from({ length: count }, (_, i) => i);
      cached = { epoch, order };
    }
    return cached.order;
  };

  function batchAt(step: number): Batch {
    if (!Number.isInteger(step) || step < 0) {
      fail("E_DATA_BATCH", `Batch ${step} was asked for; steps are whole numbers from 0.`);
    }
    const epoch = Math.floor(step / stepsPerEpoch);
    const start = (step % stepsPerEpoch) * batchSize;
    const order = orderOf(epoch);
    const ids = new Int32Array(batchSize);
    const y = new Int32Array(batchSize);
    const x = emptyLike(dataset.inputs, batchSize * exampleSize);
    for (let i = 0; i < batchSize; i++) {
      const id = order[(start + i) % count]!;
      ids[i] = id;
      y[i] = dataset.labels[id]!;
      // A view of one value costs more than the rest of the step's batch.
      if (exampleSize === 1) x[i] = dataset.inputs[id]!;
      else x.set(dataset.inputs.subarray(id * exampleSize, (id + 1) * exampleSize), i * exampleSize);
    }
    const mix = applyAugment(x, ids, epoch);
    return { x, y, ids, size: Math.min(batchSize, count - start), step, epoch, ...(mix && { mix }) };
  }

  return {
    dataset,
    options,
    stepsPerEpoch,
    batchAt,
    *epoch(epoch) {
      for (let i = 0; i < stepsPerEpoch; i++) yield batchAt(epoch * stepsPerEpoch + i);
    },
    *from(step): Generator<Batch, never> {
      for (let i = step; ; i++) yield batchAt(i);
    },
  };
}
