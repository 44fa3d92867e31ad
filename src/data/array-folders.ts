/**
 * Folders of array files (Node): the MNIST layout of IDX files, the two CIFAR layouts, and train.npz/test.npz.
 *
 * A folder is recognised by its file names, with or without `.gz`. The function returns undefined when its layout is
 * not there, so that the resolver can try the next; once a layout is recognised, damage is an error.
 */
import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fail } from "../errors.ts";
import { loadFile } from "./bytes.ts";
import { CIFAR_SHAPE, type CifarRecords, parseCifar } from "./cifar.ts";
import { CIFAR10_CLASSES, CIFAR100_CLASSES, CIFAR100_SUPERCLASSES } from "./class-names.ts";
import type { ArrayDataset, SourceFile } from "./dataset.ts";
import { parseIdx } from "./idx.ts";
import type { Npy } from "./npy.ts";
import { parseNpz } from "./npz.ts";
import type { Parts } from "./parts.ts";

export interface ArrayFolderOptions {
  /** Class names in label order; default: the numbers that occur, or the published names of CIFAR. */
  readonly classes?: readonly string[];
  /** Which labels to use when there are two kinds (CIFAR-100). Default "fine". */
  readonly labels?: "fine" | "coarse";
}

/** Names that `train`, `validation` and `test` go by, in files and folders. */
export const PART_NAMES = {
  train: ["train", "training"],
  validation: ["validation", "val", "valid", "dev"],
  test: ["test", "testing", "t10k"],
} as const;

const find = (folder: string, ...names: string[]): string | undefined =>
  names.flatMap((name) => [join(folder, name), join(folder, `${name}.gz`)]).find((path) => existsSync(path));

const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i));

const largest = (labels: ArrayLike<number>): number => {
  let most = 0;
  for (let i = 0; i < labels.length; i++) if (labels[i]! > most) most = labels[i]!;
  return most;
};

/** `<part>-images-idx3-ubyte` and `<part>-labels-idx1-ubyte`, part being train, t10k, test, ... */
export async function readIdxFolder(
  folder: string,
  name: string,
  options: ArrayFolderOptions = {},
): Promise<Parts | undefined> {
  const files: SourceFile[] = [];
  const load = async (path: string) => {
    const { bytes, file } = await loadFile(path);
    files.push(file);
    return { path, ...parseIdx(bytes, path) };
  };
  const parts: { -readonly [P in keyof typeof PART_NAMES]?: ArrayDataset } = {};
  for (const part of ["train", "validation", "test"] as const) {
    const named = (what: string) =>
      PART_NAMES[part].flatMap((p) => [`${p}-${what}-ubyte`, `${p}-${what.replace("-", ".")}-ubyte`]);
    const images = find(folder, ...named("images-idx3"));
    if (!images) continue;
    const labels = find(folder, ...named("labels-idx1"));
    if (!labels) {
      fail(
        "E_DATA_NOT_FOUND",
        `"${images}" has no labels beside it.`,
        `Put ${named("labels-idx1")[0]}.gz into "${folder}".`,
      );
    }
    const x = await load(images);
    const y = await load(labels);
    if (
      !(x.data instanceof Uint8Array) ||
      !(y.data instanceof Uint8Array) ||
      x.shape.length !== 3 ||
      y.shape.length !== 1
    ) {
      return fail(
        "E_DATA_SHAPE",
        `"${images}" has the shape [${x.shape}] and "${labels}" [${y.shape}]; [count,height,width] and [count] of bytes were expected.`,
      );
    }
    const classes = options.classes ?? parts.train?.classes ?? numbered(Math.max(1, largest(y.data)) + 1);
    parts[part] = {
      name: `${name}/${part}`,
      task: "classification",
      inputs: x.data,
      inputShape: [1, x.shape[1]!, x.shape[2]!],
      labels: Int32Array.from(y.data),
      classes,
    };
  }
  return files.length > 0 ? { ...parts, files } : undefined;
}

/** `data_batch_*.bin` + `test_batch.bin` (CIFAR-10) or `train.bin` + `test.bin` (CIFAR-100), here or one folder below. */
export async function readCifarFolder(
  folder: string,
  name: string,
  options: ArrayFolderOptions = {},
): Promise<Parts | undefined> {
  const inside = ["cifar-10-batches-bin", "cifar-100-binary"]
    .map((sub) => join(folder, sub))
    .find((sub) => existsSync(sub));
  if (inside) return readCifarFolder(inside, name, options);
  const batches = readdirSync(folder)
    .filter((file) => /^data_batch_\d+\.bin(\.gz)?$/.test(file))
    .sort();
  const variant = batches.length > 0 ? 10 : find(folder, "train.bin") ? 100 : undefined;
  if (!variant) return undefined;
  const files: SourceFile[] = [];
  const load = async (path: string): Promise<CifarRecords> => {
    const { bytes, file } = await loadFile(path);
    files.push(file);
    return parseCifar(bytes, variant, path);
  };
  const coarse = variant === 100 && options.labels === "coarse";
  const published = variant === 10 ? CIFAR10_CLASSES : coarse ? CIFAR100_SUPERCLASSES : CIFAR100_CLASSES;
  const dataset = (part: string, records: readonly CifarRecords[]): ArrayDataset => ({
    name: `${name}/${part}`,
    task: "classification",
    inputs: concatenate(records.map(({ inputs }) => inputs)),
    inputShape: CIFAR_SHAPE,
    labels: Int32Array.from(records.flatMap((r) => [...(coarse ? r.coarse! : r.labels)])),
    classes: options.classes ?? published,
  });
  const trainFiles = variant === 10 ? batches.map((file) => join(folder, file)) : [find(folder, "train.bin")!];
  const train: CifarRecords[] = [];
  for (const path of trainFiles) train.push(await load(path));
  const testFile = find(folder, variant === 10 ? "test_batch.bin" : "test.bin");
  const test = testFile && dataset("test", [await load(testFile)]);
  return { train: dataset("train", train), ...(test && { test }), files };
}

function concatenate(arrays: readonly Uint8Array[]): Uint8Array {
  if (arrays.length === 1) return arrays[0]!;
  const out = new Uint8Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    out.set(array, at);
    at += array.length;
  }
  return out;
}

/** `train.npz` (and `test.npz`, ...) in a folder, or one `.npz`: arrays `images`, `x` or `inputs` and `labels` or `y`. */
export async function readNpzData(
  path: string,
  name: string,
  options: ArrayFolderOptions = {},
): Promise<Parts | undefined> {
  const files: SourceFile[] = [];
  const parts: { -readonly [P in keyof typeof PART_NAMES]?: ArrayDataset } = {};
  for (const part of ["train", "validation", "test"] as const) {
    const single = path.endsWith(".npz");
    const file = single
      ? part === "train"
        ? path
        : undefined
      : find(path, ...PART_NAMES[part].map((p) => `${p}.npz`));
    if (!file) continue;
    const { bytes, file: record } = await loadFile(file);
    files.push(record);
    const arrays = parseNpz(bytes, file, [...INPUT_NAMES, ...LABEL_NAMES, "coarse_labels"]);
    parts[part] = npzDataset(arrays, basename(file), `${name}/${part}`, options, parts.train?.classes);
  }
  return files.length > 0 ? { ...parts, files } : undefined;
}

const INPUT_NAMES = ["images", "inputs", "x", "X"];
const LABEL_NAMES = ["labels", "y", "Y"];

function npzDataset(
  arrays: ReadonlyMap<string, Npy>,
  file: string,
  name: string,
  options: ArrayFolderOptions,
  known: readonly string[] | undefined,
): ArrayDataset {
  const wanted = options.labels === "coarse" ? ["coarse_labels"] : LABEL_NAMES;
  const x = INPUT_NAMES.map((n) => arrays.get(n)).find(Boolean);
  const y = wanted.map((n) => arrays.get(n)).find(Boolean);
  if (!x || !y || Array.isArray(y.data) || y.shape.length !== 1 || x.shape[0] !== y.shape[0] || x.shape.length < 2) {
    return fail(
      "E_DATA_FORMAT",
      `"${file}" has the arrays ${[...arrays].map(([n, { shape }]) => `${n} [${shape}]`).join(", ") || "(none known)"}.`,
      `Expected: ${INPUT_NAMES.join(" or ")} [count, ...] and ${wanted.join(" or ")} [count].`,
    );
  }
  if (!(x.data instanceof Uint8Array || x.data instanceof Float32Array)) {
    return fail(
      "E_DATA_FORMAT",
      `"${file}" has inputs of type ${x.descr}; u1, f4 or f2 were expected.`,
      "Save them as such.",
    );
  }
  const labels = Int32Array.from(y.data as ArrayLike<number | bigint>, Number);
  const published = PUBLISHED.find(([count]) => count === largest(labels) + 1)?.[1];
  const classes =
    options.classes ?? known ?? (/cifar/.test(name) ? published : undefined) ?? numbered(largest(labels) + 1);
  const example = x.shape.slice(1);
  // Channels last (pictures of Python) are turned channels first; [n, 16, 16] gets its one channel.
  if (example.length === 2)
    return { name, task: "classification", inputs: x.data, inputShape: [1, ...example], labels, classes };
  const last = example.length === 3 && [1, 3].includes(example[2]!) && ![1, 3].includes(example[0]!);
  const inputShape = last ? [example[2]!, example[0]!, example[1]!] : example;
  const inputs = last ? channelsFirst(x.data, example[2]!)(example[0]! * example[1]!) : x.data;
  return { name, task: "classification", inputs, inputShape, labels, classes };
}

const PUBLISHED: readonly (readonly [number, readonly string[]])[] = [
  [100, CIFAR100_CLASSES],
  [20, CIFAR100_SUPERCLASSES],
  [10, CIFAR10_CLASSES],
];

const channelsFirst =
  <T extends Uint8Array | Float32Array>(data: T, channels: number) =>
  (area: number): T => {
    const out = data.slice() as T;
    for (let start = 0; start < data.length; start += area * channels) {
      for (let c = 0; c < channels; c++) {
        for (let i = 0; i < area; i++) out[start + c * area + i] = data[start + i * channels + c]!;
      }
    }
    return out;
  };
