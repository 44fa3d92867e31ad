/**
 * What a tokeniser is, and how a stream of ids becomes a stream of text.
 *
 * `encode` never adds tokens of its own (no begin, no end): rows and prompts are put together in `text/`, where it is
 * visible. Special tokens are known by their role; ours are spelled `<|role|>`.
 */
import { fail } from "../../errors.ts";

export interface EncodeOptions {
  /** Default true, as in Hugging Face: a special token spelled in the text gives its id. False: it is plain text. */
  readonly special?: boolean;
}

export interface DecodeOptions {
  /** Leave special tokens out. Default false, so that decoding gives back what was encoded. */
  readonly skipSpecial?: boolean;
}

export interface Tokeniser {
  /** For people: "character", "byte BPE", or the model type of a file. */
  readonly name: string;
  /** Number of ids; they are 0..size-1. */
  readonly size: number;
  /** Ids of special tokens by role: begin, end, pad, unknown, user, assistant, system, ... */
  readonly special: Readonly<Record<string, number>>;
  /** Ids of a text. Lone surrogates are encoded as U+FFFD, as everywhere where JavaScript strings become UTF-8. */
  encode(text: string, options?: EncodeOptions): Int32Array;
  /** @throws E_TOKEN for an id outside the vocabulary */
  decode(ids: ArrayLike<number>, options?: DecodeOptions): string;
  /** The text of a Hugging Face `tokenizer.json`. */
  toFile(): string;
}

/** A text with U+FFFD in place of lone surrogates, which no UTF-8 can hold. */
export const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, "\ufffd");

/** How our own special tokens are spelled. */
export const spelling = (role: string): string => `<|${role}|>`;

/** Ids after the `ordinary` ones for each role, in order. @throws E_TOKEN for a role twice or not of a-z and _ */
export function specialIds(roles: readonly string[], ordinary: number): Record<string, number> {
  const ids: Record<string, number> = {};
  for (const role of roles) {
    if (!/^[a-z_]+$/.test(role) || role in ids) {
      fail("E_TOKEN", `The special token "${role}" is given twice or is not of small letters.`, "Name each role once.");
    }
    ids[role] = ordinary + Object.keys(ids).length;
  }
  return ids;
}

/** The entries `added_tokens` of a `tokenizer.json` for special tokens of ours. */
export const addedTokens = (special: Readonly<Record<string, number>>): object[] =>
  Object.entries(special).map(([role, id]) => ({
    id,
    content: spelling(role),
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  }));

/** Cuts a text at the spellings of special tokens: pieces of plain text, and ids of special tokens between them. */
export function cutter(spelled: ReadonlyMap<string, number>): (text: string) => (string | number)[] {
  if (spelled.size === 0) return (text) => [text];
  // Longest first: the leftmost longest spelling wins, as in the Rust library.
  const longestFirst = [...spelled.keys()].sort((a, b) => b.length - a.length);
  const escaped = longestFirst.map((token) => token.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const pattern = new RegExp(`(${escaped.join("|")})`, "u");
  return (text) =>
    text
      .split(pattern)
      .map((piece, i) => (i % 2 === 1 ? spelled.get(piece)! : piece))
      .filter((piece) => piece !== "");
}

/** Text out of ids as they come. */
export interface Decoder {
  /** The text that is certain after this id; empty while a character is incomplete. */
  push(id: number): string;
  /** What was held back; an incomplete character becomes U+FFFD. */
  end(): string;
}

/** Ids kept as context for what follows: more than the bytes of a character, so none is cut in two. */
const CONTEXT = 8;
const REPLACEMENT = "\ufffd";

/**
 * A streaming decoder: the pieces together are `tokeniser.decode` of all ids. It decodes a short window again for every
 * id, because what an id says may depend on its neighbours (bytes of a character, spaces between words); a trailing
 * U+FFFD may be a character that is not complete yet, and is held back.
 */
export function decoder(tokeniser: Tokeniser, options: DecodeOptions = {}): Decoder {
  let window: number[] = [];
  let shown = 0;
  const read = (until: (text: string) => number): string => {
    const text = tokeniser.decode(window, options);
    const piece = text.slice(shown, Math.max(shown, until(text)));
    shown += piece.length;
    return piece;
  };
  const settled = (text: string) => (text.endsWith(REPLACEMENT) ? text.length - 1 : text.length);
  return {
    push(id) {
      window.push(id);
      const piece = read(settled);
      if (window.length >= 4 * CONTEXT) {
        window = window.slice(-CONTEXT);
        shown = settled(tokeniser.decode(window, options));
      }
      return piece;
    },
    end() {
      const piece = read((text) => text.length);
      window = [];
      shown = 0;
      return piece;
    },
  };
}
