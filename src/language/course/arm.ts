/**
 * One arm of a course: a language model that is trained once and kept as one sealed file; a run that starts again finds it
 * and goes on with the next arm.
 */
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import { fail } from "../../errors.ts";
import { fileCheckpoints } from "../../teaching/checkpoint.ts";
import type { LessonEvent } from "../../teaching/events.ts";
import { makeFolder } from "../../teaching/files.ts";
import { readSealed, Unsealed, writeSealed } from "../../teaching/sealed.ts";
import type { LessonLog } from "../../teaching/steps.ts";
import { type TextLesson, teachText } from "../lesson/index.ts";

export interface TrainedText {
  readonly params: Float32Array;
  readonly log: LessonLog;
  /** Of training, over all sittings. */
  readonly seconds: number;
}

interface About {
  readonly kind: "trained text";
  readonly config: string;
  readonly log: LessonLog;
  readonly seconds: number;
}

/** Where the arm of a stage keeps its files. */
export const armFolder = (out: string, stage: string): string =>
  path.join(out, "arms", stage.replaceAll(/[^a-z0-9]+/gi, "-"));

/**
 * Trains the arm, or finds it trained. `config` is the fingerprint of everything that decides it.
 * @throws what `teachText` throws, E_CHECKPOINT_CORRUPT, E_CHECKPOINT_MISMATCH
 */
export async function* trainTextArm(
  folder: string,
  config: string,
  lesson: Omit<TextLesson, "checkpoints">,
): AsyncGenerator<LessonEvent, TrainedText> {
  const file = path.join(folder, "trained.lyc");
  if (existsSync(file)) {
    yield { type: "stage", stage: lesson.stage, state: "was finished" };
    return readTrained(file, config);
  }
  const checkpoints = path.join(folder, "checkpoints");
  await makeFolder(folder);
  for await (const event of teachText({ ...lesson, checkpoints: fileCheckpoints(checkpoints, config) })) {
    if (event.type !== "taught") {
      yield event;
      continue;
    }
    const { params, log, seconds } = event;
    await writeSealed(file, { kind: "trained text", config, log, seconds } satisfies About, { params });
    await rm(checkpoints, { recursive: true, force: true });
    return { params, log, seconds };
  }
  return fail("E_INTERNAL", `${lesson.stage} ended without a result.`, "Please report this.");
}

async function readTrained(file: string, config: string): Promise<TrainedText> {
  const name = path.basename(path.dirname(file));
  const sealed = await readSealed(file).catch((cause: unknown) => {
    const why = cause instanceof Unsealed ? cause.message : String(cause);
    const hint = "Delete its folder to train it again.";
    return fail("E_CHECKPOINT_CORRUPT", `The trained ${name} is damaged: ${why}.`, hint, cause);
  });
  const { kind, config: of, log, seconds } = sealed.about as About;
  const params = sealed.arrays.get("params");
  if (kind !== "trained text" || of !== config || !params) {
    fail("E_CHECKPOINT_MISMATCH", `The trained ${name} belongs to another lesson.`, "Choose another folder.");
  }
  return { params: params!, log, seconds };
}
