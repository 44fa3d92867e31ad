/** Damaged and misleading things to feed to Lyceum, each written into a folder by name. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { encodeIdx } from "../../src/data/idx.ts";
import { encodeNpz } from "../../src/data/npz.ts";
import { encodeModel } from "../../src/tensor/onnx/proto.ts";

/** Writes files below `folder` and returns the path of `name`. */
export function put(folder: string, name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

const pictures = (count: number) => encodeIdx({ shape: [count, 2, 2], data: new Uint8Array(count * 4).fill(9) });
const labels = (values: readonly number[]) => encodeIdx({ shape: [values.length], data: Uint8Array.from(values) });

/** A folder like MNIST's, with `labels` for `count` pictures. */
export function idxFolder(folder: string, name: string, count: number, given: readonly number[]): string {
  for (const part of ["train", "t10k"]) {
    put(folder, `${name}/${part}-images-idx3-ubyte.gz`, gzipSync(pictures(count)));
    put(folder, `${name}/${part}-labels-idx1-ubyte.gz`, gzipSync(labels(given)));
  }
  return join(folder, name);
}

export const truncated = (bytes: Uint8Array, share = 0.6) => bytes.subarray(0, Math.floor(bytes.length * share));

export const npzOf = (entries: Parameters<typeof encodeNpz>[0]) => encodeNpz(entries);

/** A model file of one node per operator, from "image" to "logits"; `shape` 0 means a free size. */
export function onnxFile({
  operators = ["Flatten"],
  input = [0, 1, 28, 28],
  inputs = 1,
}: {
  operators?: readonly string[];
  input?: readonly number[];
  inputs?: number;
} = {}): Uint8Array {
  const port = (name: string, dims: readonly number[]) => ({
    name,
    type: {
      tensorType: {
        elemType: 1,
        shape: { dim: dims.map((d) => (d === 0 ? { dimParam: "batch" } : { dimValue: d })) },
      },
    },
  });
  return encodeModel({
    irVersion: 8,
    producerName: "test",
    opsetImport: [{ domain: "", version: 17 }],
    metadataProps: [],
    graph: {
      name: "g",
      initializer: [],
      valueInfo: [],
      input: Array.from({ length: inputs }, (_, i) => port(i === 0 ? "image" : `image${i}`, input)),
      output: [port("logits", [0, input.slice(1).reduce((a, b) => a * b, 1)])],
      node: operators.map((opType, i) => ({
        opType,
        domain: "",
        name: `node${i}`,
        attribute: [],
        input: [i === 0 ? "image" : `v${i - 1}`],
        output: [i === operators.length - 1 ? "logits" : `v${i}`],
      })),
    },
  });
}
