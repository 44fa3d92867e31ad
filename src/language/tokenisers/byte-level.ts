/**
 * Bytes as printable characters, and text cut into words: the two conventions of GPT-2 that byte-level BPE rests on
 * (Radford et al. 2019, "Language models are unsupervised multitask learners", section 2.2).
 *
 * Ids must equal those of the Rust library: white space is \p{White_Space} (JavaScript's \s has U+FEFF and lacks
 * U+0085), and letters and numbers are those of Unicode 16.
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

/** Letters and numbers that Unicode 17 added. A tokeniser must not depend on the Unicode of the engine that runs it. */
const NEWER = [
  "\\u088f\\u0c5c\\u0cdc\\ua7ce\\ua7cf\\ua7d2\\ua7d4\\ua7f1\\u{10940}-\\u{10959}\\u{10ec5}-\\u{10ec7}\\u{11db0}-\\u{11ddb}",
  "\\u{16ea0}-\\u{16eb8}\\u{16ebb}-\\u{16ed3}\\u{16ff2}\\u{16ff3}\\u{187f8}-\\u{187ff}\\u{18d09}-\\u{18d1e}",
  "\\u{18d80}-\\u{18df2}\\u{1e6c0}-\\u{1e6de}\\u{1e6e0}-\\u{1e6e2}\\u{1e6e4}\\u{1e6e5}\\u{1e6e7}-\\u{1e6ed}",
  "\\u{1e6f0}-\\u{1e6f4}\\u{1e6fe}\\u{1e6ff}\\u{2b73a}-\\u{2b73f}\\u{2cea2}-\\u{2cead}\\u{323b0}-\\u{33479}\\u{11de0}-\\u{11de9}\\u{16ff4}-\\u{16ff6}",
].join("");

const WORD = (() => {
  const letter = `[\\p{L}--[${NEWER}]]`;
  const digit = `[\\p{N}--[${NEWER}]]`;
  const other = `[[\\p{Any}--[\\p{L}\\p{N}\\p{White_Space}]][${NEWER}]]`;
  const space = "\\p{White_Space}";
  const endings = "'(?:s|t|re|ve|m|ll|d)";
  const runs = [letter, digit, other].map((kind) => ` ?${kind}+`);
  // White space before a word leaves its last character to that word.
  const spaces = [`${space}+(?!\\P{White_Space})`, `${space}+`];
  return new RegExp([endings, ...runs, ...spaces].join("|"), "gv");
})();

/** Words of a text, in order; together they are the text. It must be well-formed (no lone surrogates). */
export const words = (text: string): string[] => text.match(WORD) ?? [];

const utf8 = new TextEncoder();
/** UTF-8 bytes of a text. */
export const bytesOf = (text: string): Uint8Array => utf8.encode(text);
