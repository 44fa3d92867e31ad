/**
 * Checkpoints of a lesson on disk (Node). A lesson that was killed at any instant goes on from the newest one and ends
 * with the same bits, because batches and keys are functions of the step: nothing else has to be saved.
 *
 * The two newest are kept: should the newest be damaged, the error says which older file one may go back to. Nothing
 * goes back by itself, since a damaged file means a damaged disk or a changed run.
 */
import { readdir, rm } from "node:fs/promises";
import path from "node:path";
import { fail } from "../errors.ts";
import { makeFolder } from "./files.ts";
import { readSealed, type Sealed, Unsealed, writeSealed } from "./sealed.ts";

/** What a lesson carries from step to step. */
export interface Checkpoint {
  readonly step: number;
  /** Flat state vectors by name: params, buffers, slot0, ... */
  readonly arrays: Readonly<Record<string, Float32Array>>;
  /** Anything JSON can hold: what the report shows of the steps so far. */
  readonly log: unknown;
  /** Seconds spent up to here. Kept apart: time is the one thing that differs between equal runs. */
  readonly seconds: number;
}

/** Where a lesson keeps its checkpoints; in a browser one may implement it on other storage. */
export interface Checkpoints {
  /** The newest one, if there is any. @throws E_CHECKPOINT_CORRUPT, E_CHECKPOINT_MISMATCH */
  load(): Promise<Checkpoint | undefined>;
  save(checkpoint: Checkpoint): Promise<void>;
}

const VERSION = 1;
const KEPT = 2;
const NAME = /^step-(\d{9})\.lyc$/;

interface About {
  readonly kind: "checkpoint";
  readonly version: number;
  readonly config: string;
  readonly step: number;
  readonly seconds: number;
  readonly log: unknown;
}

/**
 * Checkpoints in a folder. `config` is the fingerprint of everything that decides the lesson: a checkpoint of another
 * lesson is refused instead of being continued.
 */
export function fileCheckpoints(folder: string, config: string): Checkpoints {
  const list = async (): Promise<string[]> => {
    const names = await readdir(folder).catch(() => [] as string[]);
    return names.filter((name) => NAME.test(name)).sort();
  };
  return {
    async load() {
      const names = await list();
      const newest = names.at(-1);
      if (newest === undefined) return undefined;
      const sealed = await open(path.join(folder, newest), names.at(-2));
      const about = sealed.about as About;
      if (about.kind !== "checkpoint" || about.version !== VERSION) {
        fail(
          "E_CHECKPOINT_MISMATCH",
          `${newest} is a ${about.kind} of format ${about.version}; a checkpoint of format ${VERSION} was expected.`,
          "Continue it with the version of Lyceum that wrote it, or start anew in another folder.",
        );
      }
      if (about.config !== config) {
        fail(
          "E_CHECKPOINT_MISMATCH",
          `${newest} belongs to a lesson with other data, models or options.`,
          "Repeat the options of that run, or choose another folder.",
        );
      }
      const { step, log, seconds } = about;
      return { step, log, seconds, arrays: Object.fromEntries(sealed.arrays) };
    },
    async save({ step, arrays, log, seconds }) {
      await makeFolder(folder);
      const about: About = { kind: "checkpoint", version: VERSION, config, step, seconds, log };
      await writeSealed(path.join(folder, `step-${String(step).padStart(9, "0")}.lyc`), about, arrays);
      for (const old of (await list()).slice(0, -KEPT)) await rm(path.join(folder, old), { force: true });
    },
  };
}

async function open(file: string, older: string | undefined): Promise<Sealed> {
  try {
    return await readSealed(file);
  } catch (cause) {
    const why = cause instanceof Unsealed ? cause.message : `it cannot be read (${(cause as Error).message})`;
    return fail(
      "E_CHECKPOINT_CORRUPT",
      `The checkpoint ${path.basename(file)} is damaged: ${why}.`,
      older ? `Delete it to go on from ${older}.` : "Delete it to start this part anew.",
      cause,
    );
  }
}
