/**
 * The in-memory dataset contract: one flat array of inputs, one of labels, and what they mean.
 *
 * Inputs stay in the type they were stored in (bytes for pictures): an epoch of gathers then moves a quarter of the
 * memory, and the graph casts and normalises on the device. No Node imports: this runs in a browser.
 */
import { fail } from "../errors.ts";

/** Labelled examples of one shape, held in memory. */
export interface ArrayDataset {
  /** Name for reports, for example `fashion-mnist/train`. */
  readonly name: string;
  readonly task: "classification";
  /** `[count, ...inputShape]`, row-major; bytes are 0..255, floats are in whatever unit `normalise` refers to. */
  readonly inputs: Uint8Array | Float32Array;
  /** Shape of one example; pictures are channels first: `[1, 28, 28]`, `[3, 32, 32]`; a table row is `[features]`. */
  readonly inputShape: readonly number[];
  /** `[count]`, each an index into `classes`. */
  readonly labels: Int32Array;
  readonly classes: readonly string[];
  /** Per channel (first axis of `inputShape`), in units of 0..1: bytes are divided by 255 before they are used. */
  readonly normalise?: { readonly mean: readonly number[]; readonly std: readonly number[] };
}

/** A file that went into a dataset. */
export interface SourceFile {
  readonly path: string;
  readonly bytes: number;
  /** Lower-case hex of the file as it lies on disk (compressed files are hashed compressed). */
  readonly sha256: string;
}

/** Where the examples come from; goes into every report. */
export interface DataSource {
  readonly name: string;
  readonly title?: string;
  readonly licence?: string;
  /** Folder or file the examples were read from; absent for generated data. */
  readonly path?: string;
  readonly files?: readonly SourceFile[];
  /** What a reader of a report has to know: how the validation part was made, which checksums are unknown. */
  readonly notes?: readonly string[];
}

/** The three parts every experiment works with. Decisions are taken on `validation`, `test` is for the report. */
export interface Split {
  readonly train: ArrayDataset;
  readonly validation: ArrayDataset;
  readonly test: ArrayDataset;
  readonly source: DataSource;
}

/** Number of examples. */
export const countOf = (dataset: Pick<ArrayDataset, "labels">): number => dataset.labels.length;

/** Number of values in one example. */
export const sizeOf = (dataset: Pick<ArrayDataset, "inputShape">): number =>
  dataset.inputShape.reduce((product, n) => product * n, 1);

/**
 * Returns `dataset` unchanged if it keeps the contract.
 * @throws E_DATA_EMPTY, E_DATA_SHAPE, E_DATA_CLASSES
 */
export function checkDataset(dataset: ArrayDataset): ArrayDataset {
  const { name, inputs, inputShape, labels, classes, normalise } = dataset;
  if (labels.length === 0) {
    fail("E_DATA_EMPTY", `Dataset "${name}" has no examples.`, "Check the path and the filter that selected them.");
  }
  if (inputShape.length === 0 || inputShape.some((n) => !Number.isInteger(n) || n < 1)) {
    fail("E_DATA_SHAPE", `Dataset "${name}" has inputShape [${inputShape}]; positive whole numbers were expected.`);
  }
  const expected = labels.length * sizeOf(dataset);
  if (inputs.length !== expected) {
    fail(
      "E_DATA_SHAPE",
      `Dataset "${name}" holds ${inputs.length} input values; ${labels.length} labels x [${inputShape}] need ${expected}.`,
      "Inputs and labels must come from the same examples.",
    );
  }
  if (classes.length < 2) {
    fail(
      "E_DATA_CLASSES",
      `Dataset "${name}" has ${classes.length} class(es); classification needs at least 2.`,
      "Check that the label column or the class folders were recognised.",
    );
  }
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (label < 0 || label >= classes.length) {
      fail(
        "E_DATA_CLASSES",
        `Dataset "${name}" has label ${label} at example ${i}; with ${classes.length} classes labels are 0..${classes.length - 1}.`,
        "Name every class, or re-number the labels from 0.",
      );
    }
  }
  if (normalise) {
    const channels = inputShape[0]!;
    const { mean, std } = normalise;
    if (mean.length !== channels || std.length !== channels || std.some((s) => !(s > 0))) {
      fail(
        "E_DATA_SHAPE",
        `Dataset "${name}" is normalised with mean [${mean}] and std [${std}]; ${channels} value(s) each were expected, std above 0.`,
      );
    }
  }
  return dataset;
}

/**
 * The examples at `indices`, in that order, copied; repeats are allowed.
 * @throws E_DATA_INDEX when an index lies outside the dataset.
 */
export function take(dataset: ArrayDataset, indices: ArrayLike<number>, name = dataset.name): ArrayDataset {
  const size = sizeOf(dataset);
  const count = countOf(dataset);
  const inputs = emptyLike(dataset.inputs, indices.length * size);
  const labels = new Int32Array(indices.length);
  for (let i = 0; i < indices.length; i++) {
    const from = indices[i]!;
    if (!(from >= 0 && from < count)) {
      fail("E_DATA_INDEX", `Example ${from} was asked of "${name}", which has examples 0..${count - 1}.`);
    }
    inputs.set(dataset.inputs.subarray(from * size, (from + 1) * size), i * size);
    labels[i] = dataset.labels[from]!;
  }
  return { ...dataset, name, inputs, labels };
}

/** The first `n` examples (all of them when there are fewer) as views: nothing is copied. */
export function firstExamples(dataset: ArrayDataset, n: number): ArrayDataset {
  const keep = Math.min(n, countOf(dataset));
  return {
    ...dataset,
    inputs: dataset.inputs.subarray(0, keep * sizeOf(dataset)),
    labels: dataset.labels.subarray(0, keep),
  };
}

/** Examples per class, in the order of `classes`. */
export function classCounts(dataset: Pick<ArrayDataset, "labels" | "classes">): Int32Array {
  const counts = new Int32Array(dataset.classes.length);
  for (const label of dataset.labels) counts[label]!++;
  return counts;
}

/** A zeroed array of the same element type. */
export function emptyLike<T extends Uint8Array | Float32Array>(like: T, length: number): Uint8Array | Float32Array {
  return like instanceof Uint8Array ? new Uint8Array(length) : new Float32Array(length);
}
