/**
 * Trained models at work: a text of each for people to read, and how long a token takes. The models take turns, so that a
 * slow second of the machine meets all of them.
 */
import { median } from "../../teaching/exams/index.ts";
import { type Key, random } from "../../tensor/index.ts";
import type { Decoder } from "../decoder/index.ts";
import { createEngine, PLAIN, type TextEngine } from "../generate/index.ts";
import type { Tokeniser } from "../tokenisers/index.ts";

export interface Written {
  /** The prompt and what the model made of it. */
  readonly text: string;
  /** Wall time of one token, its cache in place: median over the turns; undefined where there is no room for two. */
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

/** Turns of each model, and tokens of a turn. */
const TURNS = 7;
const TOKENS = 24;

/** Every model writes on from a prompt, drawn from its own distribution. */
export async function sampleTexts(
  models: readonly { readonly decoder: Decoder; readonly params: Float32Array }[],
  { tokeniser, prompt, endTokens, key, length = 96 }: SampleOptions,
): Promise<Written[]> {
  const engines: TextEngine[] = [];
  try {
    for (const { decoder, params } of models) engines.push(await createEngine(decoder, params, { slots: 1 }));
    /** Tokens, and milliseconds of those behind the first, which waits for the prompt to be read. */
    const write = async (engine: TextEngine, most: number, stopTokens: readonly number[]) => {
      const maxTokens = Math.max(1, Math.min(most, engine.context - prompt.length));
      const tokens: number[] = [];
      let first = 0;
      const request = { prompt, maxTokens, sampling: PLAIN, stopTokens, key: random.fold(key, "sample") };
      for await (const { token } of engine.generate(request)) {
        if (tokens.length === 0) first = performance.now();
        tokens.push(token);
      }
      return { tokens, each: (performance.now() - first) / (tokens.length - 1) };
    };
    const texts: string[] = [];
    for (const engine of engines) {
      const { tokens } = await write(engine, length, endTokens);
      texts.push(tokeniser.decode([...prompt, ...tokens], { skipSpecial: true }));
    }
    const times: number[][] = engines.map(() => []);
    for (let turn = 0; turn < TURNS; turn++) {
      for (const [who, engine] of engines.entries()) {
        const { tokens, each } = await write(engine, TOKENS, []);
        if (tokens.length > 1) times[who]!.push(each);
      }
    }
    return texts.map((text, who) => ({ text, milliseconds: times[who]!.length > 0 ? median(times[who]!) : undefined }));
  } finally {
    await Promise.all(engines.map((engine) => engine.release()));
  }
}
