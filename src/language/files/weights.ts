/**
 * The tensors of a folder, from `model.safetensors` or the shards that `model.safetensors.index.json` lists, read one
 * by one: a model needs its own size in memory and that of its largest tensor.
 */
import { existsSync } from "node:fs";
import { type FileHandle, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { decodeHalf } from "../../data/half.ts";
import { parseSafetensorsHeader, type SafeRange } from "../../data/safetensors.ts";
import { fail } from "../../errors.ts";
import { didYouMean } from "../../nearest.ts";
import { type StoredTensor, transpose } from "./tensors.ts";

export interface Weights {
  readonly names: readonly string[];
  has(name: string): boolean;
  /** Values as f32, turned where stored [in, out]. @throws E_DECODER_FILE, E_DATA_TRUNCATED */
  read(tensor: StoredTensor, into: Float32Array): Promise<void>;
  close(): Promise<void>;
}

const ONE_FILE = "model.safetensors";
const INDEX = "model.safetensors.index.json";

/** @throws E_DECODER_FILE for files that are missing, E_DATA_TRUNCATED and E_DATA_FORMAT for damaged ones */
export async function openWeights(folder: string): Promise<Weights> {
  const handles: FileHandle[] = [];
  const close = async () => {
    await Promise.all(handles.map((handle) => handle.close()));
  };
  try {
    const places = new Map<string, SafeRange & { handle: FileHandle; file: string }>();
    const { files, promised } = await filesOf(folder);
    for (const file of files) {
      const handle = await open(join(folder, file)).catch((cause) =>
        fail("E_DECODER_FILE", `The file "${join(folder, file)}" is missing.`, "Download the model again.", cause),
      );
      handles.push(handle);
      for (const [name, range] of await rangesOf(handle, join(folder, file)))
        places.set(name, { ...range, handle, file });
    }
    const lost = promised.find((name) => !places.has(name));
    if (lost !== undefined)
      fail("E_DECODER_FILE", `${INDEX} lists "${lost}", which no shard in "${folder}" has.`, "Download it again.");
    const read = async (tensor: StoredTensor, into: Float32Array): Promise<void> => {
      const place =
        places.get(tensor.name) ??
        fail(
          "E_DECODER_FILE",
          `The model in "${folder}" has no tensor "${tensor.name}".`,
          didYouMean(tensor.name, [...places.keys()]),
        );
      if (place.shape.join() !== tensor.shape.join()) {
        fail(
          "E_DECODER_FILE",
          `"${tensor.name}" in "${join(folder, place.file)}" has shape [${place.shape}]; config.json makes it [${tensor.shape}].`,
          "Do both files belong to the same model?",
        );
      }
      if (!tensor.transposed) return readInto(place, into, tensor.name);
      const stored = new Float32Array(into.length);
      await readInto(place, stored, tensor.name);
      transpose(stored, into, tensor.shape[0]!, tensor.shape[1]!);
    };
    return { names: [...places.keys()], has: (name) => places.has(name), read, close };
  } catch (error) {
    await close();
    throw error;
  }
}

const indexFile = z.looseObject({ weight_map: z.record(z.string(), z.string()) });

async function filesOf(folder: string): Promise<{ files: readonly string[]; promised: readonly string[] }> {
  if (existsSync(join(folder, ONE_FILE))) return { files: [ONE_FILE], promised: [] };
  if (!existsSync(join(folder, INDEX))) {
    const pickled = existsSync(join(folder, "pytorch_model.bin"));
    return fail(
      "E_DECODER_FILE",
      `There is neither ${ONE_FILE} nor ${INDEX} in "${folder}".`,
      pickled
        ? "Save the model again with safetensors; pickled files are programs and are not read."
        : "Check the path.",
    );
  }
  const map = indexFile.safeParse(parseJson(await readFile(join(folder, INDEX), "utf8"), join(folder, INDEX)));
  const files = map.success ? [...new Set(Object.values(map.data.weight_map))] : [];
  if (!map.success || files.some((file) => /[/\\]/.test(file)))
    return fail(
      "E_DECODER_FILE",
      `"${join(folder, INDEX)}" has no weight_map of files beside it.`,
      "Download it again.",
    );
  return { files, promised: Object.keys(map.data.weight_map) };
}

/** @throws E_DECODER_FILE */
export function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    return fail("E_DECODER_FILE", `"${name}" is not JSON.`, "Download it again.", cause);
  }
}

async function rangesOf(handle: FileHandle, name: string): Promise<ReadonlyMap<string, SafeRange>> {
  const { size } = await handle.stat();
  const first = await readBytes(handle, new Uint8Array(Math.min(8, size)), 0, name);
  // A length that is nonsense is for the parser to refuse; only as much as there is can be read.
  const header = size < 8 ? 0 : Number(new DataView(first.buffer).getBigUint64(0, true));
  const reads = Math.min(size, 8 + (header > size ? 0 : header));
  return parseSafetensorsHeader(await readBytes(handle, new Uint8Array(reads), 0, name), size, name).ranges;
}

/** The system reads at most 2 GiB at once. */
const PIECE = 2 ** 30;

async function readBytes(handle: FileHandle, into: Uint8Array, start: number, name: string): Promise<Uint8Array> {
  let done = 0;
  while (done < into.length) {
    const { bytesRead } = await handle.read(into, done, Math.min(PIECE, into.length - done), start + done);
    if (bytesRead === 0) fail("E_DATA_TRUNCATED", `"${name}" ended while it was being read.`, "Is it being written?");
    done += bytesRead;
  }
  return into;
}

/** All values that two bytes can be. */
let halves: Float32Array | undefined;

async function readInto(
  { handle, file, dtype, start, end }: SafeRange & { handle: FileHandle; file: string },
  into: Float32Array,
  name: string,
): Promise<void> {
  const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
  if (dtype === "F32") {
    await readBytes(handle, bytes, start, file);
    return;
  }
  if (dtype !== "BF16" && dtype !== "F16")
    fail("E_DECODER_FILE", `"${name}" in ${file} is stored as ${dtype}.`, "Weights in F32, F16 and BF16 can be read.");
  const two = new Uint16Array((end - start) / 2);
  await readBytes(handle, new Uint8Array(two.buffer), start, file);
  if (dtype === "BF16") {
    // A bfloat16 is the upper half of an f32.
    const words = new Uint32Array(into.buffer, into.byteOffset, into.length);
    for (let i = 0; i < two.length; i++) words[i] = two[i]! << 16;
  } else {
    halves ??= Float32Array.from({ length: 65_536 }, (_, bits) => decodeHalf(bits));
    for (let i = 0; i < two.length; i++) into[i] = halves[two[i]!]!;
  }
}
