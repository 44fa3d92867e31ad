/**
 * Whoever teaches in a course, as the course needs it: asked about rows for exams, read inside the step where it is a
 * model of ours, and made to speak. An endpoint is none of these: it only answers (endpoint-teacher.ts).
 */
import { sha256 } from "../../data/hash.ts";
import type { HostTensor, Key } from "../../tensor/index.ts";
import type { Decoder } from "../decoder/index.ts";
import { type ModelSamplerOptions, modelSampler, type Sampler } from "../distil/index.ts";
import { scorer, type TextRows } from "../lesson/index.ts";
import { type OnnxLanguageModel, onnxPieces, onnxSampler } from "../onnx/index.ts";
import type { TrainedText } from "./arm.ts";
import type { RowSource } from "./sources.ts";

/** Log-probabilities f32 [b, T, V] of pieces of rows, in order. */
export interface Reader {
  pieces(rows: TextRows): AsyncGenerator<{ readonly from: number; readonly values: HostTensor }>;
  release(): Promise<void>;
}

export interface Teacher {
  readonly params: number;
  /** Of one token; null where it is not known. */
  readonly flops: number | null;
  /** What decides its answers. */
  readonly fingerprint: string;
  readonly reader: (rowsAtOnce: number) => Reader;
  readonly speaker: (options: Omit<ModelSamplerOptions, "params">) => Promise<Sampler>;
  /** A model of this process: the step reads it, and it can be timed beside the students. */
  readonly own?: { readonly decoder: Decoder; readonly params: Float32Array; readonly trained?: TrainedText };
}

export async function ownTeacher(decoder: Decoder, params: Float32Array, trained?: TrainedText): Promise<Teacher> {
  return {
    params: decoder.model.params.size,
    flops: decoder.model.flops / decoder.config.context,
    fingerprint: await sha256(params),
    reader: (rowsAtOnce) => readerOf(decoder, params, rowsAtOnce),
    speaker: (options) => modelSampler(decoder, { ...options, params }),
    own: { decoder, params, ...(trained && { trained }) },
  };
}

const readerOf = (decoder: Decoder, params: Float32Array, rowsAtOnce: number): Reader => {
  const { pieces, release } = scorer(decoder, rowsAtOnce);
  return { pieces: (rows) => pieces(params, rows), release };
};

export const onnxTeacher = (model: OnnxLanguageModel): Teacher => ({
  params: model.params,
  flops: null,
  fingerprint: model.fingerprint,
  reader: (rowsAtOnce) => ({ pieces: (rows) => onnxPieces(model, rows, rowsAtOnce), release: async () => {} }),
  speaker: async (options) => onnxSampler(model, options),
});

/** Rows with what a teacher outside the step says about them. */
export function withLogits(source: RowSource, teacher: Teacher, rowsAtOnce: number): RowSource {
  const reader = teacher.reader(rowsAtOnce);
  return {
    async rows(step, params) {
      const rows = await source.rows(step, params);
      for await (const { values } of reader.pieces(rows)) return { ...rows, knowledge: { logits: values } };
      return rows;
    },
    async release() {
      await Promise.all([source.release(), reader.release()]);
    },
  };
}

/** What a teacher writes behind a prompt. */
export async function continuation(
  teacher: Teacher,
  prompt: Int32Array,
  key: Key,
  options: Omit<ModelSamplerOptions, "params">,
): Promise<Int32Array> {
  const sampler = await teacher.speaker(options);
  try {
    return (await sampler.sample([prompt], key))[0]!;
  } finally {
    await sampler.release();
  }
}
