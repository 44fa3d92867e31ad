/** A trained model at work: a text of its own for people to read, and how long it takes. */
import { type Key, random } from "../../tensor/index.ts";
import type { Decoder } from "../decoder/index.ts";
import { createEngine, PLAIN } from "../generate/index.ts";
import type { Tokeniser } from "../tokenisers/index.ts";

export interface Written {
  /** The prompt and what the model made of it. */
  readonly text: string;
  /** Mean wall time of one token, its cache in place; undefined where hardly anything was written. */
  readonly milliseconds: number | undefined;
}

export interface SampleOptions {
  readonly tokeniser: Tokeniser;
  readonly prompt: Int32Array;
  readonly endTokens: readonly number[];
  readonly key: Key;
  /** Tokens to write, at most. Default 96. */
  readonly length?: number;
}

/** Writes on from a prompt, drawn from the model's own distribution. */
export async function sampleText(decoder: Decoder, params: Float32Array, options: SampleOptions): Promise<Written> {
  const { tokeniser, prompt, endTokens, key, length = 96 } = options;
  const engine = await createEngine(decoder, params, { slots: 1 });
  try {
    const maxTokens = Math.max(1, Math.min(length, engine.context - prompt.length));
    const tokens: number[] = [];
    let first = 0;
    const request = { prompt, maxTokens, sampling: PLAIN, stopTokens: endTokens, key: random.fold(key, "sample") };
    for await (const { token } of engine.generate(request)) {
      // The first one waits for the prompt to be read.
      if (tokens.length === 0) first = performance.now();
      tokens.push(token);
    }
    const took = performance.now() - first;
    return {
      text: tokeniser.decode([...prompt, ...tokens], { skipSpecial: true }),
      milliseconds: tokens.length > 1 && took > 0 ? took / (tokens.length - 1) : undefined,
    };
  } finally {
    await engine.release();
  }
}
