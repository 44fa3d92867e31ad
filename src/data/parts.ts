/**
 * What a format reader found on disk, and how a full train/validation/test split is made of it.
 *
 * Readers return what is there; the missing parts are cut out of the training part, stratified and by a fixed key, and
 * the report says so. Channel statistics come from the training part alone: using the others would leak.
 */
import { fail } from "../errors.ts";
import { fold } from "../tensor/random.ts";
import {
  type ArrayDataset,
  checkDataset,
  countOf,
  type DataSource,
  type SourceFile,
  type Split,
  sizeOf,
} from "./dataset.ts";
import { holdOut, validationKey } from "./split.ts";

/** The parts of one dataset that a folder or file holds. */
export interface Parts {
  readonly train?: ArrayDataset;
  readonly validation?: ArrayDataset;
  readonly test?: ArrayDataset;
  readonly files: readonly SourceFile[];
  /** What the reader decided by itself (picture size, label column). */
  readonly notes?: readonly string[];
}

/**
 * Fills in the missing parts, statistics and checks.
 * @throws E_DATA_SPLIT when there is no training part, E_DATA_CLASSES when the parts disagree about the classes
 */
export function completeSplit(parts: Parts, source: DataSource): Split {
  let { train, validation, test } = parts;
  if (!train) {
    return fail(
      "E_DATA_SPLIT",
      `"${source.path ?? source.name}" has no training part.`,
      "Name its files or folders train and test, or give one part that can be split.",
    );
  }
  const notes = [...(source.notes ?? []), ...(parts.notes ?? [])];
  const given = countOf(train);
  if (!test) {
    const cut = holdOut(train, { key: fold(validationKey(), "test"), name: "test" });
    [train, test] = [cut.train, cut.held];
    notes.push(`test: ${countOf(test)} of ${given} training examples, stratified (the data bring no test part)`);
  }
  if (!validation) {
    const cut = holdOut(train);
    [train, validation] = [cut.train, cut.held];
    notes.push(`validation: ${countOf(validation)} of ${given} training examples, stratified`);
  }
  const normalise = train.normalise ?? channelStatistics(train);
  const [first, second, third] = [train, validation, test].map((part) => checkDataset({ ...part, normalise }));
  for (const part of [second!, third!]) {
    if (part.classes.join("\n") !== train.classes.join("\n") || `${part.inputShape}` !== `${train.inputShape}`) {
      fail(
        "E_DATA_CLASSES",
        `"${part.name}" has ${part.classes.length} classes of shape [${part.inputShape}]; "${train.name}" has ${train.classes.length} of [${train.inputShape}].`,
        "All parts must have the same classes and shape.",
      );
    }
  }
  return {
    train: first!,
    validation: second!,
    test: third!,
    source: { ...source, files: parts.files, ...(notes.length > 0 && { notes }) },
  };
}

/** Mean and standard deviation per channel (first axis), bytes in units of 255; a constant channel gets std 1. */
export function channelStatistics(dataset: Pick<ArrayDataset, "inputs" | "inputShape" | "labels">): {
  mean: number[];
  std: number[];
} {
  const { inputs, inputShape } = dataset;
  const channels = inputShape[0]!;
  const area = sizeOf(dataset) / channels;
  const unit = inputs instanceof Uint8Array ? 255 : 1;
  const [sum, squares] = [new Float64Array(channels), new Float64Array(channels)];
  for (let at = 0, row = 0; at < inputs.length; at += area, row++) {
    let [s, q] = [0, 0];
    for (let i = at; i < at + area; i++) {
      const value = inputs[i]! / unit;
      s += value;
      q += value * value;
    }
    sum[row % channels]! += s;
    squares[row % channels]! += q;
  }
  const n = inputs.length / channels;
  const mean = Array.from(sum, (s) => s / n);
  const std = Array.from(squares, (q, c) => Math.sqrt(Math.max(0, q / n - mean[c]! ** 2)) || 1);
  return { mean, std };
}
