/**
 * One arm of a lesson: a network that is trained once and kept. A finished arm is one sealed file; a run that starts
 * again finds it and goes on with the next arm.
 */
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import { fail } from "../../errors.ts";
import { type Checkpoints, fileCheckpoints } from "../checkpoint.ts";
import type { LessonEvent } from "../events.ts";
import { makeFolder } from "../files.ts";
import type { LessonPlan } from "../plan.ts";
import { readSealed, Unsealed, writeSealed } from "../sealed.ts";
import type { LessonLog } from "../steps.ts";
import { teach } from "../teach.ts";

export interface Trained {
  readonly params: Float32Array;
  readonly buffers: Float32Array;
  readonly log: LessonLog;
  /** Of training, over all sittings. */
  readonly seconds: number;
}

interface About {
  readonly kind: string;
  readonly config: string;
  readonly log: LessonLog;
  readonly seconds: number;
}

/** The last event of any kind of lesson. */
interface Taught extends Omit<Trained, "buffers"> {
  readonly type: "taught";
  readonly buffers?: Float32Array;
}

/**
 * Trains the arm, or finds it trained. `config` is the fingerprint of everything that decides it.
 * @throws what `teach` throws, E_CHECKPOINT_CORRUPT, E_CHECKPOINT_MISMATCH
 */
export function trainArm(
  folder: string,
  config: string,
  plan: Omit<LessonPlan, "checkpoints">,
): AsyncGenerator<LessonEvent, Trained> {
  return keptArm(folder, config, plan.stage, (checkpoints) => teach({ ...plan, checkpoints }));
}

/** The same for any lesson that keeps checkpoints and ends with what was taught. */
export async function* keptArm(
  folder: string,
  config: string,
  stage: string,
  train: (checkpoints: Checkpoints) => AsyncIterable<LessonEvent | Taught>,
): AsyncGenerator<LessonEvent, Trained> {
  const file = path.join(folder, "trained.lyc");
  if (existsSync(file)) {
    yield { type: "stage", stage, state: "was finished" };
    return readTrained(file, config);
  }
  await makeFolder(folder);
  const checkpoints = path.join(folder, "checkpoints");
  for await (const event of train(fileCheckpoints(checkpoints, config))) {
    if (event.type !== "taught") {
      yield event;
      continue;
    }
    const { params, buffers = new Float32Array(0), log, seconds } = event;
    await writeSealed(file, { kind: "trained", config, log, seconds } satisfies About, { params, buffers });
    await rm(checkpoints, { recursive: true, force: true });
    return { params, buffers, log, seconds };
  }
  return fail("E_INTERNAL", `${stage} ended without a result.`, "Please report this.");
}

async function readTrained(file: string, config: string): Promise<Trained> {
  const name = path.basename(path.dirname(file));
  const sealed = await readSealed(file).catch((cause: unknown) => {
    const why = cause instanceof Unsealed ? cause.message : String(cause);
    return fail(
      "E_CHECKPOINT_CORRUPT",
      `The trained ${name} is damaged: ${why}.`,
      "Delete its folder to train it again.",
      cause,
    );
  });
  const { kind, config: of, log, seconds } = sealed.about as About;
  const [params, buffers] = [sealed.arrays.get("params"), sealed.arrays.get("buffers")];
  if (kind !== "trained" || of !== config || !params || !buffers) {
    fail(
      "E_CHECKPOINT_MISMATCH",
      `The trained ${name} belongs to another lesson.`,
      "Choose another folder for this run.",
    );
  }
  return { params: params!, buffers: buffers!, log, seconds };
}
