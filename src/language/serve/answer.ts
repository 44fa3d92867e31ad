/**
 * From tokens to an answer's text: characters kept whole, stop strings cut off, every token told with the text it begins.
 * The server and the provider both read answers here, so that they cannot differ.
 *
 * Tokens leave together with their text: one whose text is held back waits, and one whose text begins behind a stop string
 * is left out. The token that ends an answer is told without text, as in vLLM: a student learns from it when to be silent.
 * The count in the end holds all of them: each one was computed.
 */
import type { Key } from "../../tensor/index.ts";
import type { Finish, GeneratedToken, Sampling, TextEngine } from "../generate/contract.ts";
import { decoder, type Tokeniser } from "../tokenisers/index.ts";
import { stopFinder } from "./stop.ts";

export interface AnswerRequest {
  readonly prompt: ArrayLike<number>;
  /** 0 gives an empty answer. */
  readonly maxTokens: number;
  readonly sampling: Sampling;
  /** Strings that end the answer and are no part of it. */
  readonly stop: readonly string[];
  readonly stopTokens: readonly number[];
  readonly key: Key;
  readonly alternatives?: number;
  readonly signal: AbortSignal;
}

export interface PlacedToken extends GeneratedToken {
  /** Where its text begins in the answer, in UTF-16 units. */
  readonly offset: number;
}

export interface Piece {
  readonly text: string;
  readonly tokens: readonly PlacedToken[];
}

export interface Ending {
  readonly finish: Finish;
  /** Tokens that were generated, with those whose text was cut off. */
  readonly tokens: number;
}

/** Yields the answer in pieces that are not empty, and returns how it ended. @throws what the engine throws */
export async function* answer(
  { engine, tokeniser }: { readonly engine: TextEngine; readonly tokeniser: Tokeniser },
  { stop, ...request }: AnswerRequest,
): AsyncGenerator<Piece, Ending> {
  if (request.maxTokens === 0) return { finish: "length", tokens: 0 };
  const characters = decoder(tokeniser, { skipSpecial: true });
  const stops = stopFinder(stop);
  const ends = new Set(request.stopTokens);
  let waiting: PlacedToken[] = [];
  let decoded = 0;
  let released = 0;
  let tokens = 0;
  const release = (text: string, all: boolean): Piece => {
    released += text.length;
    const ready = all ? waiting.length : waiting.findIndex(({ offset }) => offset >= released);
    const out = ready < 0 ? waiting : waiting.slice(0, ready);
    waiting = waiting.slice(out.length);
    return { text, tokens: out };
  };

  const stream = engine.generate(request);
  try {
    for (;;) {
      const step = await stream.next();
      if (step.done) {
        const found = stops.push(characters.end());
        const last = release(found.stopped ? found.text : found.text + stops.end(), !found.stopped);
        if (last.text || last.tokens.length > 0) yield last;
        return { finish: found.stopped ? "stop" : step.value, tokens };
      }
      tokens++;
      waiting.push({ ...step.value, offset: decoded });
      if (ends.has(step.value.token)) continue;
      const text = characters.push(step.value.token);
      decoded += text.length;
      const found = stops.push(text);
      const piece = release(found.text, false);
      if (piece.text || piece.tokens.length > 0) yield piece;
      if (found.stopped) return { finish: "stop", tokens };
    }
  } finally {
    // Frees the engine's place when a stop string or the reader ended the answer before the engine did.
    await stream.return("aborted");
  }
}
