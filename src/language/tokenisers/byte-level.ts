/**
 * Bytes as printable characters, and text cut into words: the two conventions of GPT-2 that byte-level BPE rests on
 * (Radford et al. 2019, "Language models are unsupervised multitask learners", section 2.2).
 *
 * White space is \p{White_Space}: JavaScript's \s has U+FEFF and lacks U+0085, in which it differs from the Rust
 * library, and ids must be equal.
 */

/** Character that stands for each byte: itself where it is printable Latin-1, else U+0100, U+0101, ... in order. */
export const BYTE_CHARACTERS: readonly string[] = (() => {
  let others = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
    return String.fromCharCode(printable ? byte : others++);
  });
})();

/** Byte of each character. */
export const CHARACTER_BYTES: ReadonlyMap<string, number> = new Map(BYTE_CHARACTERS.map((c, byte) => [c, byte]));

/** The 256 characters by code point: the order of their ids. */
export const BYTE_ALPHABET: readonly string[] = [...BYTE_CHARACTERS].sort((a, b) => a.charCodeAt(0) - b.charCodeAt(0));

const WORD = (() => {
  const space = "\\p{White_Space}";
  const endings = "'(?:s|t|re|ve|m|ll|d)";
  const runs = ["\\p{L}", "\\p{N}", `[^${space}\\p{L}\\p{N}]`].map((kind) => ` ?${kind}+`);
  // White space before a word leaves its last character to that word.
  const spaces = [`${space}+(?!\\P{White_Space})`, `${space}+`];
  return [endings, ...runs, ...spaces].join("|");
})();

/** Words of a text, in order; together they are the text. It must be well-formed (no lone surrogates). */
export const words = (text: string): string[] => text.match(new RegExp(WORD, "gu")) ?? [];

const utf8 = new TextEncoder();
/** UTF-8 bytes of a text. */
export const bytesOf = (text: string): Uint8Array => utf8.encode(text);
