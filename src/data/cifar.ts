/**
 * The binary version of CIFAR-10 and CIFAR-100: fixed-size records without any header.
 *
 * A CIFAR-10 record is a label byte and 3,072 pixels (R, G, B planes of 32x32); CIFAR-100 has a coarse and a fine label
 * byte in front. Source: https://www.cs.toronto.edu/~kriz/cifar.html. The number of records follows from the file size,
 * because subsets are common; a size that is no multiple of the record is the only sign of damage there is.
 */
import { fail } from "../errors.ts";

const PIXELS = 3072;
export const CIFAR_SHAPE: readonly number[] = [3, 32, 32];

/** The records of one file. */
export interface CifarRecords {
  /** `[count, 3, 32, 32]` */
  readonly inputs: Uint8Array;
  /** 0..9 in CIFAR-10, fine labels 0..99 in CIFAR-100. */
  readonly labels: Int32Array;
  /** 0..19, CIFAR-100 only. */
  readonly coarse?: Int32Array;
}

/**
 * Parses decompressed records.
 * @throws E_DATA_EMPTY, E_DATA_TRUNCATED (size is no whole number of records), E_DATA_FORMAT (a label out of range)
 */
export function parseCifar(bytes: Uint8Array, classes: 10 | 100, name = "CIFAR data"): CifarRecords {
  const labelBytes = classes === 10 ? 1 : 2;
  const record = labelBytes + PIXELS;
  if (bytes.length === 0) fail("E_DATA_EMPTY", `"${name}" is empty; CIFAR-${classes} records were expected.`);
  if (bytes.length % record !== 0) {
    fail(
      "E_DATA_TRUNCATED",
      `"${name}" has ${bytes.length} bytes, which is no whole number of CIFAR-${classes} records of ${record} bytes.`,
      "The file is incomplete, or of the other CIFAR: download it again.",
    );
  }
  const count = bytes.length / record;
  const inputs = new Uint8Array(count * PIXELS);
  const labels = new Int32Array(count);
  const coarse = new Int32Array(classes === 100 ? count : 0);
  for (let i = 0; i < count; i++) {
    const at = i * record;
    const label = (labels[i] = bytes[at + labelBytes - 1]!);
    if (classes === 100) coarse[i] = bytes[at]!;
    if (label >= classes || coarse[i]! >= 20) {
      fail(
        "E_DATA_FORMAT",
        `"${name}" has the label ${label} in record ${i}; CIFAR-${classes} has labels 0..${classes - 1}.`,
        "The file is damaged, or of the other CIFAR.",
      );
    }
    inputs.set(bytes.subarray(at + labelBytes, at + record), i * PIXELS);
  }
  return classes === 100 ? { inputs, labels, coarse } : { inputs, labels };
}
