/**
 * The tokeniser of single characters (Unicode code points): one id each, special tokens behind them.
 *
 * In its `tokenizer.json` it is a BPE model without merges behind a split into code points, because every reader knows
 * that one (WordLevel, which would be more natural, is unknown to the JavaScript library). One difference remains:
 * where we refuse an unknown character, such a reader leaves it out in silence.
 */
import { fail } from "../../errors.ts";
import { addedTokens, cutter, specialIds, spelling, type Tokeniser, wellFormed } from "./tokeniser.ts";

export interface CharacterOptions {
  /** Roles of special tokens, in the order of their ids. With "unknown" among them, unknown characters get that id. */
  readonly special?: readonly string[];
}

/** The distinct characters of a text, by code point. */
export const alphabetOf = (text: string): string[] =>
  [...new Set(wellFormed(text))].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!);

/**
 * A tokeniser over `alphabet`, a list of characters whose order gives the ids. `alphabetOf` makes one from a text.
 * @throws E_TOKEN when an entry is no single code point or comes twice; when encoding meets an unknown character
 */
export function characterTokeniser(alphabet: readonly string[], options: CharacterOptions = {}): Tokeniser {
  const ids: ReadonlyMap<string, number> = new Map(alphabet.map((character, id) => [character, id]));
  const bad = alphabet.find((entry) => [...entry].length !== 1);
  if (bad !== undefined || ids.size !== alphabet.length || alphabet.length === 0) {
    const found = bad === undefined ? "comes twice or is empty" : `has the entry ${JSON.stringify(bad)}`;
    fail("E_TOKEN", `The alphabet ${found}.`, "Give every character once, as a string of one code point.");
  }
  const special = specialIds(options.special ?? [], alphabet.length);
  const spelled = new Map(Object.entries(special).map(([role, id]) => [spelling(role), id]));
  const spellings = [...alphabet, ...spelled.keys()];
  const cut = cutter(spelled);
  const unknown = special.unknown;

  return {
    name: "character",
    size: spellings.length,
    special,
    encode(text, { special: parse = true } = {}) {
      const out = new Int32Array(text.length);
      let length = 0;
      for (const piece of parse ? cut(wellFormed(text)) : [wellFormed(text)]) {
        if (typeof piece === "number") out[length++] = piece;
        else for (const character of piece) out[length++] = ids.get(character) ?? unknown ?? refuse(character, text);
      }
      return out.slice(0, length);
    },
    decode(tokens, { skipSpecial = false } = {}) {
      let text = "";
      for (let i = 0; i < tokens.length; i++) {
        const id = tokens[i]!;
        const piece = spellings[id] ?? noSuchId(id, i, spellings.length);
        if (id < alphabet.length || !skipSpecial) text += piece;
      }
      return text;
    },
    toFile: () =>
      JSON.stringify({
        version: "1.0",
        truncation: null,
        padding: null,
        added_tokens: addedTokens(special),
        normalizer: null,
        pre_tokenizer: { type: "Split", pattern: { Regex: "[\\s\\S]" }, behavior: "Isolated", invert: false },
        post_processor: null,
        decoder: { type: "Fuse" },
        model: {
          type: "BPE",
          dropout: null,
          unk_token: unknown === undefined ? null : spelling("unknown"),
          continuing_subword_prefix: null,
          end_of_word_suffix: null,
          fuse_unk: false,
          byte_fallback: false,
          ignore_merges: false,
          // With the special tokens: the unknown one must be here for the Rust library, which numbers those that are not
          // here in its own order.
          vocab: Object.fromEntries([...ids, ...spelled]),
          merges: [],
        },
      }),
  };
}

function refuse(character: string, text: string): never {
  const code = character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
  return fail(
    "E_TOKEN",
    `The character ${JSON.stringify(character)} (U+${code}) at position ${wellFormed(text).indexOf(character)} is not in the alphabet.`,
    'Make the alphabet from all texts, or choose a special token "unknown".',
  );
}

/** @throws E_TOKEN always */
export function noSuchId(id: number, at: number, size: number): never {
  return fail("E_TOKEN", `The token ${id} at position ${at} is not in the vocabulary of ${size}.`, "Use ids below it.");
}
