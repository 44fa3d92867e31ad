/**
 * Pictures in folders named after their class (Node): `train/cat/1.png`, `test/dog/2.jpg`, or `cat/1.png` alone.
 *
 * Every picture is scaled to cover a square and cropped at its centre, so that nothing is distorted; transparent parts
 * become white and the camera's orientation mark is obeyed. sharp is loaded on first use, not with the module.
 */
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { extname, join, relative } from "node:path";
import { fail } from "../errors.ts";
import { PART_NAMES } from "./array-folders.ts";
import { readFileBytes } from "./bytes.ts";
import type { ArrayDataset, SourceFile } from "./dataset.ts";
import type { Parts } from "./parts.ts";

export interface ImageOptions {
  /** Side of the square in pixels. */
  readonly size: number;
  readonly channels: 1 | 3;
}

const EXTENSIONS = new Set([".png", ".jpg", ".jpeg", ".webp", ".gif", ".tif", ".tiff", ".avif"]);
/** Larger pictures are scaled down to this side unless a size is asked for: ImageNet's usual input. */
const DEFAULT_LIMIT = 224;
/** Pictures decoded at once; libvips has threads of its own. */
const IN_FLIGHT = 4;

/**
 * Decodes a picture (a path or the bytes of a file) to `[channels, size, size]` bytes.
 * @throws E_DATA_NOT_FOUND, E_DATA_EMPTY, E_DATA_IMAGE (not a picture, or damaged)
 */
export async function decodeImage(
  input: string | Uint8Array,
  { size, channels }: ImageOptions,
  name?: string,
): Promise<Uint8Array> {
  const bytes = typeof input === "string" ? await readFileBytes(input) : input;
  const label = name ?? (typeof input === "string" ? input : "image");
  if (bytes.length === 0) fail("E_DATA_EMPTY", `The picture "${label}" is an empty file.`);
  const { default: sharp } = await import("sharp");
  let pixels: Uint8Array;
  try {
    // failOn "truncated": half a JPEG would otherwise come out grey below the break.
    pixels = await sharp(bytes, { failOn: "truncated" })
      .autoOrient()
      .flatten({ background: "#fff" })
      .resize(size, size, { fit: "cover", position: "centre" })
      .toColourspace(channels === 1 ? "b-w" : "srgb")
      .raw({ depth: "uchar" })
      .toBuffer();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return fail(
      "E_DATA_IMAGE",
      `The picture "${label}" cannot be decoded (${reason}).`,
      "Replace or remove it.",
      cause,
    );
  }
  return channels === 1 ? pixels : planes(pixels, size * size);
}

/** Interleaved RGB to three planes. */
function planes(rgb: Uint8Array, area: number): Uint8Array {
  const out = new Uint8Array(area * 3);
  for (let i = 0; i < area; i++) {
    out[i] = rgb[3 * i]!;
    out[area + i] = rgb[3 * i + 1]!;
    out[2 * area + i] = rgb[3 * i + 2]!;
  }
  return out;
}

export interface ImageFolderOptions extends Partial<ImageOptions> {
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Reads a folder of pictures; undefined when there are none in class folders.
 * Size and colour default to those of the first picture (its shorter side, at most 224).
 */
export async function readImageFolder(
  root: string,
  name: string,
  options: ImageFolderOptions = {},
): Promise<Parts | undefined> {
  const partFolders = (["train", "validation", "test"] as const).flatMap((part) => {
    const folder = subfolders(root).find((sub) => (PART_NAMES[part] as readonly string[]).includes(sub.toLowerCase()));
    return folder && hasPictures(join(root, folder)) ? [{ part, folder: join(root, folder) }] : [];
  });
  const sources =
    partFolders.length > 0 ? partFolders : hasPictures(root) ? [{ part: "train" as const, folder: root }] : [];
  const pictures = sources.map(({ part, folder }) => ({ part, ...list(folder) }));
  const first = pictures[0]?.items[0];
  if (!first) return undefined;

  // Classes are those of the training part: a class that occurs only in the test part cannot be learnt.
  const classes = pictures[0]!.classes;
  const format = { ...(await formatOf(first.path)), ...defined({ size: options.size, channels: options.channels }) };
  const total = pictures.reduce((sum, { items }) => sum + items.length, 0);
  let done = 0;
  const parts: { -readonly [P in keyof typeof PART_NAMES]?: ArrayDataset } = {};
  const hash = createHash("sha256");
  let bytes = 0;
  for (const { part, items } of pictures) {
    const example = format.channels * format.size * format.size;
    const inputs = new Uint8Array(items.length * example);
    const labels = new Int32Array(items.length);
    const digests = new Array<string>(items.length);
    await inParallel(items.length, async (i) => {
      const { path, label } = items[i]!;
      const content = await readFileBytes(path);
      inputs.set(await decodeImage(content, format, path), i * example);
      labels[i] = classes.indexOf(label);
      if (labels[i] === -1) {
        fail(
          "E_DATA_CLASSES",
          `"${path}" is of class "${label}", which has no training pictures.`,
          `Classes: ${classes.join(", ")}.`,
        );
      }
      digests[i] = `${relative(root, path)} ${createHash("sha256").update(content).digest("hex")}\n`;
      bytes += content.length;
      options.onProgress?.(++done, total);
    });
    for (const line of digests) hash.update(line);
    const inputShape = [format.channels, format.size, format.size];
    parts[part] = { name: `${name}/${part}`, task: "classification", inputs, inputShape, labels, classes };
  }
  // One record for the folder (hash over the sorted list of path and hash): thousands of lines help no reader.
  const files: SourceFile[] = [{ path: root, bytes, sha256: hash.digest("hex") }];
  return { ...parts, files, notes: [`pictures: ${format.channels} channel(s), ${format.size}x${format.size}`] };
}

const defined = <T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as never;

const isPicture = (file: string): boolean => EXTENSIONS.has(extname(file).toLowerCase());

const subfolders = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
    .map(({ name }) => name)
    .sort();

const hasPictures = (folder: string): boolean =>
  subfolders(folder).some((sub) => readdirSync(join(folder, sub)).some(isPicture));

function list(folder: string): { classes: string[]; items: { path: string; label: string }[] } {
  const classes = subfolders(folder).filter((sub) => readdirSync(join(folder, sub)).some(isPicture));
  const items = classes.flatMap((label) =>
    readdirSync(join(folder, label))
      .filter(isPicture)
      .sort()
      .map((file) => ({ path: join(folder, label, file), label })),
  );
  return { classes, items };
}

async function formatOf(path: string): Promise<{ size: number; channels: 1 | 3 }> {
  const { default: sharp } = await import("sharp");
  try {
    const { width, height, space } = await sharp(await readFileBytes(path)).metadata();
    return { size: Math.min(width, height, DEFAULT_LIMIT), channels: space === "b-w" || space === "grey16" ? 1 : 3 };
  } catch (cause) {
    return fail("E_DATA_IMAGE", `The picture "${path}" cannot be decoded.`, "Replace or remove it.", cause);
  }
}

async function inParallel(count: number, work: (i: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(IN_FLIGHT, count) }, lane));
}
