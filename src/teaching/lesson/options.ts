/**
 * What one may say to `distil`, and what is settled where nothing is said. Settled options are plain JSON: they are
 * written into the run folder, so that `resume` needs nothing but the folder.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Split } from "../../data/dataset.ts";
import { fail } from "../../errors.ts";
import { makeFolder, writeAtomic } from "../files.ts";
import { type LossTerm, parseLosses } from "../losses/registry.ts";

export interface DistilOptions {
  /** Name of a data set, a path, or a split in memory. Default: the drawn digits. */
  readonly data?: string | Split;
  /** "train" (default) trains one for the data; else a model of the zoo to train, or an ONNX file. */
  readonly teacher?: string;
  /** A model of the zoo, or a module whose default export is a Model or a function of {inputShape, classes}. */
  readonly student?: string;
  /** As on the command line ("kd,dkd" or "kd:0.9,ce:0.1"), or term by term with options. Default "kd". */
  readonly loss?: string | readonly LossTerm[];
  /** Default [1]. An interval over seeds needs at least two, a verdict three. */
  readonly seeds?: readonly number[];
  /** Folder of the run. */
  readonly out: string;
  /** Passes of the students over the training data; both students get the same. */
  readonly epochs?: number;
  /** Passes of a teacher that is trained here. */
  readonly teacherEpochs?: number;
  readonly batchSize?: number;
  /** Folder of the teacher store. */
  readonly store?: string;
  /** For the report. */
  readonly version?: string;
  readonly command?: string;
  /** Seconds between two checkpoints. */
  readonly checkpointSeconds?: number;
  readonly signal?: AbortSignal;
}

/** Everything that decides a run, as JSON. */
export interface Settled {
  readonly data: string;
  readonly teacher: string;
  readonly student?: string;
  readonly losses: readonly LossTerm[];
  readonly seeds: readonly number[];
  readonly epochs?: number;
  readonly teacherEpochs?: number;
  readonly batchSize?: number;
}

/** @throws E_OPTION, E_LOSS_UNKNOWN, E_LOSS_WEIGHT */
export function settle(options: DistilOptions): Settled {
  const { data = "drawn-digits", teacher = "train", student, loss = "kd", seeds = [1] } = options;
  if (seeds.length === 0 || new Set(seeds).size < seeds.length || seeds.some((s) => !Number.isSafeInteger(s))) {
    fail("E_OPTION", `The seeds are [${seeds}].`, "Give at least one whole number, each only once.");
  }
  const counted = { epochs: options.epochs, teacherEpochs: options.teacherEpochs, batchSize: options.batchSize };
  for (const [name, value] of Object.entries(counted)) {
    if (value !== undefined && (!Number.isInteger(value) || value < 1)) {
      fail("E_OPTION", `${name} is ${value}.`, "Use a whole number from 1.");
    }
  }
  return {
    data: typeof data === "string" ? data : data.source.name,
    teacher,
    ...(student !== undefined && { student }),
    losses: typeof loss === "string" ? parseLosses(loss) : loss,
    seeds,
    ...Object.fromEntries(Object.entries(counted).filter(([, v]) => v !== undefined)),
  };
}

/** Name of the file with the settled options. */
export const LESSON_FILE = "lesson.json";

/** What a run folder says about its lesson; undefined when it has none. @throws E_RUN_FOLDER */
export async function readSettled(folder: string): Promise<Settled | undefined> {
  const file = path.join(folder, LESSON_FILE);
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Settled;
  } catch (cause) {
    return fail(
      "E_RUN_FOLDER",
      `${LESSON_FILE} in ${folder} is damaged.`,
      "Start the run anew in another folder.",
      cause,
    );
  }
}

/** Options that continue the run of a folder. @throws E_RUN_FOLDER when there is none */
export async function resumeOptions(folder: string): Promise<DistilOptions> {
  const found = await readSettled(folder);
  if (!found)
    return fail("E_RUN_FOLDER", `There is no run in ${folder}.`, "Name the folder that `lyceum teach` printed.");
  const { losses, ...rest } = found;
  return { ...rest, loss: losses, out: folder };
}

/** Writes down what a run is, or checks that the folder holds the same run. @throws E_RUN_MISMATCH */
export async function claimLesson(folder: string, settled: object): Promise<void> {
  const before = await readSettled(folder);
  if (before && JSON.stringify(before) !== JSON.stringify(settled)) {
    fail(
      "E_RUN_MISMATCH",
      `${folder} holds a run with other options.`,
      "Choose another folder, or repeat the options of that run to go on with it.",
    );
  }
  if (before) return;
  await makeFolder(folder);
  const text = `${JSON.stringify(settled, null, 2)}\n`;
  await writeAtomic(path.join(folder, LESSON_FILE), [new TextEncoder().encode(text)]);
}
