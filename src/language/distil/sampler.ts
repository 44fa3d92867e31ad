/** Who speaks: a function from prompts and a key to responses, whatever model is behind it. */
import type { Key } from "../../tensor/index.ts";
import type { Decoder } from "../decoder/index.ts";
import { cachedModel, generateBatch, type Sampling } from "../generate/index.ts";

export interface Sampler {
  /**
   * A response to each prompt; the same key, prompts and parameters give the same ones.
   * @param params for samplers of a model that is being trained
   */
  sample(prompts: readonly ArrayLike<number>[], key: Key, params?: Float32Array): Promise<Int32Array[]>;
  release(): Promise<void>;
}

export interface ModelSamplerOptions {
  readonly maxTokens: number;
  readonly endTokens?: readonly number[];
  /** The model's own distribution where not given: metrics at temperature 1 need responses at temperature 1. */
  readonly sampling?: Sampling;
  /** Of a teacher. Without them every call brings its own. */
  readonly params?: Float32Array;
}

/** A decoder as a speaker. Responses end with their end token, or at `maxTokens`. */
export async function modelSampler(decoder: Decoder, options: ModelSamplerOptions): Promise<Sampler> {
  const { maxTokens, endTokens = [], sampling, params: own } = options;
  const model = await cachedModel(decoder, own && { params: own });
  return {
    async sample(prompts, key, params) {
      const { tokens, lengths } = await generateBatch(model, prompts, {
        ...{ maxTokens, key, stopTokens: endTokens },
        ...(sampling && { sampling }),
        // A teacher compiled with its parameters takes no others.
        ...(!own && params && { params }),
      });
      return prompts.map((_, row) => tokens.slice(row * maxTokens, row * maxTokens + lengths[row]!));
    },
    release: () => model.release(),
  };
}
