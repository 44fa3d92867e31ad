/**
 * Own language models by name, from what a test can train in a second to what two cores train in some minutes. The name
 * says the numbers outside of embeddings; the vocabulary comes with the text.
 */
import { type Decoder, decoder, llama } from "../decoder/index.ts";

interface Size {
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  /** Peak of AdamW's learning rate: smaller for wider models, as is the custom. */
  readonly rate: number;
}

const SIZES: Readonly<Record<string, Size>> = {
  "llama-0.03m": { width: 32, layers: 2, heads: 2, rate: 4e-3 },
  "llama-0.2m": { width: 64, layers: 4, heads: 4, rate: 3e-3 },
  "llama-0.8m": { width: 128, layers: 4, heads: 4, rate: 2e-3 },
  "llama-3m": { width: 256, layers: 4, heads: 8, rate: 1e-3 },
};

/** Names of own sizes, the smallest first. */
export const SIZE_NAMES: readonly string[] = Object.keys(SIZES);

/** Peak of the learning rate of a model of this size. */
export const rateOf = (name: string): number => SIZES[name]!.rate;

/** A model of a named size, not trained yet. */
export function decoderOfSize(name: string, vocabulary: number, context: number): Decoder {
  const { width, layers, heads } = SIZES[name]!;
  return decoder(llama({ vocabulary, context, width, layers, heads }), name);
}
