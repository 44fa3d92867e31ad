/** The rows of an arm: which of the sources of `language/distil`, with which voice, and what the teacher says. */
import path from "node:path";
import type { Decoder } from "../../language/decoder/index.ts";
import {
  fileMemory,
  mixedSource,
  modelSampler,
  SEQUENCE,
  type Source,
  type SourceRequest,
  teacherTelling,
  textLoss,
  textSource,
} from "../../language/distil/index.ts";
import { topKKl } from "../../teaching/losses/language/index.ts";
import type { Loss } from "../../teaching/losses/loss.ts";
import { type Key, random } from "../../tensor/index.ts";
import type { Options } from "./options.ts";
import type { ArmTask } from "./plan.ts";
import { widthOf } from "./world.ts";

export interface ArmSource {
  readonly source: Source;
  release(): Promise<void>;
}

export interface Voices {
  readonly teacher: { readonly decoder: Decoder; readonly params: Float32Array };
  readonly student: Decoder;
}

export async function armSource(
  { arm, generations, loss }: Pick<ArmTask, "arm" | "generations" | "loss">,
  options: Options,
  prompts: readonly Int32Array[],
  { teacher, student }: Voices,
  { key, folder }: { readonly key: Key; readonly folder: string },
): Promise<ArmSource> {
  const { batch, topK, refresh, lambda, response } = options;
  const telling = teacherTelling(teacher.decoder, teacher.params, topK > 0 ? { topK } : {});
  const byTeacher = await modelSampler(teacher.decoder, { maxTokens: response, params: teacher.params });
  const byStudent = await modelSampler(student, { maxTokens: response });
  const common = {
    prompts,
    generations,
    batchSize: batch,
    width: widthOf(options) - 1,
    ...(loss !== SEQUENCE && { telling }),
  };
  const made = (kind: SourceRequest["kind"]): Source => {
    const request = { ...common, kind, key: random.fold(key, kind) };
    // A mixture passes over steps, so that the beginning of an epoch may go by unseen: there it speaks at every step.
    const how = arm === "mixture" ? {} : { refresh, memory: fileMemory(path.join(folder, "said")) };
    return kind === "online-student"
      ? textSource({ ...request, ...how, sampler: byStudent })
      : textSource({ ...request, sampler: byTeacher });
  };
  const source =
    arm === "mixture"
      ? mixedSource(made("online-student"), made("offline"), { weight: lambda, key: random.fold(key, "mixture") })
      : made(arm === "online-teacher" || arm === "online-student" ? arm : "offline");
  return {
    source,
    async release() {
      await Promise.all([telling.release(), byTeacher.release(), byStudent.release()]);
    },
  };
}

export function lossOf({ loss }: Pick<ArmTask, "loss">, { beta, topK }: Pick<Options, "beta" | "topK">): Loss {
  return topK > 0 ? topKKl() : textLoss(loss, beta);
}
