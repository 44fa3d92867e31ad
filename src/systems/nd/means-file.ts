/**
 * Class means as files: the reference's center_emb_train.json (an object "0".."C-1" of numbers with four decimals),
 * .npy and .safetensors `[C, d]`.
 *
 * ResNet-20, 56 and 110 all have 64 values, so the means of the wrong teacher fit without a word. What we write (JSON,
 * safetensors) therefore names its teacher, and reading compares; foreign files cannot be checked, and say so.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { encodeNpy, parseNpy } from "../../data/npy.ts";
import { encodeSafetensors, fromFloat32, parseSafetensors, toFloat32 } from "../../data/safetensors.ts";
import { fail, LyceumError } from "../../errors.ts";
import { makeFolder, writeAtomic } from "../../teaching/files.ts";

export interface MeansFile {
  /** `[classes, width]`. */
  readonly data: Float32Array;
  readonly classes: number;
  readonly width: number;
  /** Fingerprint of the teacher, where the file names it. */
  readonly teacher?: string;
}

/** Where JSON keeps what is no class. */
const ABOUT = "lyceum";
const TENSOR = "class_means";
const METADATA = "lyceum.teacher";

const wrong = (file: string, what: string, cause?: unknown): never =>
  fail(
    "E_ND_MEANS",
    `"${file}" holds no class means: ${what}.`,
    "Expected: one mean per class, .json, .npy or .safetensors.",
    cause,
  );

type Format = "json" | "npy" | "safetensors";

function formatOf(file: string): Format {
  const extension = path.extname(file).slice(1).toLowerCase();
  if (extension === "json" || extension === "npy" || extension === "safetensors") return extension;
  return wrong(file, `its name ends in "${extension}"`);
}

/** Reads and checks: all classes there, equal lengths, finite, no zero vector. @throws E_ND_MEANS */
export async function readMeans(file: string): Promise<MeansFile> {
  const format = formatOf(file);
  const read = await readFile(file).catch((cause: unknown) => wrong(file, "it cannot be read", cause));
  // As plain bytes: slices of Node's Buffer are views, which readers of formats do not expect.
  const bytes = new Uint8Array(read);
  let means: MeansFile;
  try {
    means = READERS[format](bytes, file);
  } catch (cause) {
    if (cause instanceof LyceumError && cause.code === "E_ND_MEANS") throw cause;
    return wrong(file, cause instanceof Error ? cause.message.replace(/\.$/, "") : String(cause), cause);
  }
  const { data, classes, width } = means;
  for (let c = 0; c < classes; c++) {
    const row = data.subarray(c * width, (c + 1) * width);
    if (!row.every(Number.isFinite)) wrong(file, `class ${c} has a value that is no number`);
    if (row.every((v) => v === 0)) wrong(file, `the mean of class ${c} is zero and has no direction`);
  }
  return means;
}

const READERS: Readonly<Record<Format, (bytes: Uint8Array, file: string) => MeansFile>> = {
  json(bytes, file) {
    const parsed = JSON.parse(new TextDecoder().decode(bytes)) as unknown;
    if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return wrong(file, "it is no object");
    const { [ABOUT]: about, ...rows } = parsed as Record<string, unknown>;
    const classes = Object.keys(rows).length;
    const table = Array.from({ length: classes }, (_, c) => rows[String(c)]);
    const missing = table.indexOf(undefined);
    if (missing >= 0) wrong(file, `it has ${classes} classes, but none called "${missing}"`);
    const width = Array.isArray(table[0]) ? table[0].length : 0;
    const odd = table.findIndex((row) => !Array.isArray(row) || row.length !== width || width === 0);
    if (classes === 0 || odd >= 0) wrong(file, `class ${Math.max(odd, 0)} is no list of ${width || "some"} numbers`);
    const named = (about as { teacher?: unknown } | undefined)?.teacher;
    const data = Float32Array.from((table as number[][]).flat(), (v) => (typeof v === "number" ? v : Number.NaN));
    return { data, classes, width, ...(typeof named === "string" && { teacher: named }) };
  },
  npy(bytes, file) {
    const { shape, data } = parseNpy(bytes, file);
    if (!(data instanceof Float32Array || data instanceof Float64Array)) return wrong(file, "its values are no floats");
    return matrix(Float32Array.from(data), shape, file);
  },
  safetensors(bytes, file) {
    const { tensors, metadata } = parseSafetensors(bytes, file);
    const tensor = tensors.get(TENSOR) ?? (tensors.size === 1 ? [...tensors.values()][0] : undefined);
    if (!tensor) return wrong(file, `it has ${tensors.size} tensors, none of them called "${TENSOR}"`);
    const teacher = metadata[METADATA];
    return { ...matrix(toFloat32(tensor), tensor.shape, file), ...(teacher !== undefined && { teacher }) };
  },
};

function matrix(data: Float32Array, shape: readonly number[], file: string): MeansFile {
  const [classes, width] = shape;
  if (shape.length !== 2 || !classes || !width) return wrong(file, `its shape is [${shape}], not [classes, width]`);
  return { data, classes, width };
}

/** Writes in the format of the name; .npy has no place for the teacher. @throws E_ND_MEANS, E_WRITE */
export async function writeMeans(file: string, { data, classes, width, teacher }: MeansFile): Promise<void> {
  const encode: Readonly<Record<Format, () => Uint8Array>> = {
    json: () => {
      const rows = Array.from({ length: classes }, (_, c) => [
        String(c),
        Array.from(data.subarray(c * width, (c + 1) * width), (v) => Math.round(v * 1e4) / 1e4),
      ]);
      const about = teacher === undefined ? [] : [[ABOUT, { teacher }]];
      return new TextEncoder().encode(`${JSON.stringify(Object.fromEntries([...rows, ...about]))}\n`);
    },
    npy: () => encodeNpy({ shape: [classes, width], data }),
    safetensors: () =>
      encodeSafetensors(
        { [TENSOR]: fromFloat32(data, [classes, width]) },
        teacher === undefined ? {} : { [METADATA]: teacher },
      ),
  };
  const bytes = encode[formatOf(file)]();
  await makeFolder(path.dirname(path.resolve(file)));
  await writeAtomic(file, [bytes]);
}

/** The file's means, if they are this teacher's. @throws E_ND_MEANS */
export async function meansFor(
  file: string,
  wanted: { readonly classes: number; readonly width: number; readonly teacher: string },
): Promise<{ data: Float32Array; checked: boolean }> {
  const { data, classes, width, teacher } = await readMeans(file);
  if (classes !== wanted.classes || width !== wanted.width) {
    wrong(file, `it has ${classes} means of ${width} values, ${wanted.classes} of ${wanted.width} were expected`);
  }
  if (teacher !== undefined && teacher !== wanted.teacher) {
    fail(
      "E_ND_MEANS",
      `The class means in "${file}" are those of another teacher (${teacher.slice(0, 12)}, not ${wanted.teacher.slice(0, 12)}).`,
      "Give the teacher that they were computed with, or leave --class-means out.",
    );
  }
  return { data, checked: teacher !== undefined };
}
