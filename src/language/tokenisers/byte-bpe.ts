/**
 * Byte-level byte-pair encoding: any text is encoded, and decoding gives it back byte for byte.
 *
 * Our own encoder also serves files of others of this kind: the JavaScript library differs from the Rust one (of which
 * ids must be equal) where their pattern engines disagree on white space, and it is slower.
 */
import { fail } from "../../errors.ts";
import { BYTE_ALPHABET, BYTE_CHARACTERS, bytesOf, CHARACTER_BYTES, words } from "./byte-level.ts";
import { noSuchId } from "./character.ts";
import { applyMerges, type MergeTable, mergeTable } from "./merge.ts";
import { addedTokens, cutter, specialIds, spelling, type Tokeniser, wellFormed } from "./tokeniser.ts";

/** What defines a byte-level BPE. Tokens are spelled with the characters of `BYTE_CHARACTERS`. */
export interface ByteBpe {
  /** Token -> id, with all 256 single bytes. */
  readonly vocabulary: ReadonlyMap<string, number>;
  /** Pairs of tokens, the earliest first. */
  readonly merges: readonly (readonly [string, string])[];
  /** Ids of special tokens by role. */
  readonly special: Readonly<Record<string, number>>;
  /** Spelling of special tokens when it is not `<|role|>`. */
  readonly spelled?: ReadonlyMap<string, number>;
  /** The file it came from, given back by `toFile`. */
  readonly file?: string;
}

/** The vocabulary that a list of merges makes: 256 bytes, one token per new string, special tokens behind. */
export function byteBpe(merges: readonly (readonly [string, string])[], roles: readonly string[] = []): ByteBpe {
  const vocabulary = new Map(BYTE_ALPHABET.map((character, id) => [character, id]));
  for (const [left, right] of merges) {
    if (!vocabulary.has(left + right)) vocabulary.set(left + right, vocabulary.size);
  }
  return { vocabulary, merges, special: specialIds(roles, vocabulary.size) };
}

/** Words remembered with their ids; natural text repeats itself. */
const REMEMBERED = 1 << 16;

/** @throws E_TOKENISER_FILE when a byte is missing or a merge names a token that is not there */
export function byteBpeTokeniser(bpe: ByteBpe): Tokeniser {
  const { vocabulary, special } = bpe;
  const spelled = bpe.spelled ?? new Map(Object.entries(special).map(([role, id]) => [spelling(role), id]));
  const byteIds = Int32Array.from(BYTE_CHARACTERS, (character) => vocabulary.get(character) ?? missing(character));
  const table: MergeTable = mergeTable(
    bpe.merges.map((pair) => {
      const [left, right] = pair.map((token) => vocabulary.get(token) ?? missing(token)) as [number, number];
      return [left, right, vocabulary.get(pair.join("")) ?? missing(pair.join(""))];
    }),
  );
  const size = Math.max(...vocabulary.values(), ...spelled.values()) + 1;
  const bytes: (Uint8Array | undefined)[] = new Array(size);
  for (const [token, id] of vocabulary) bytes[id] = tokenBytes(token);
  for (const [token, id] of spelled) bytes[id] = bytesOf(token);
  const specials = new Set(spelled.values());
  const cut = cutter(spelled);
  const remembered = new Map<string, Int32Array>();

  const encodeWord = (word: string): Int32Array => {
    const known = remembered.get(word);
    if (known) return known;
    const ids = applyMerges(
      Int32Array.from(bytesOf(word), (byte) => byteIds[byte]!),
      table,
    );
    if (remembered.size >= REMEMBERED) remembered.clear();
    if (word.length < 64) remembered.set(word, ids);
    return ids;
  };

  return {
    name: "byte BPE",
    size,
    special,
    encode(text, { special: parse = true } = {}) {
      const whole = wellFormed(text);
      let out = new Int32Array(Math.max(16, whole.length));
      let length = 0;
      const put = (ids: ArrayLike<number>) => {
        if (length + ids.length > out.length) {
          const larger = new Int32Array(Math.max(2 * out.length, length + ids.length));
          larger.set(out);
          out = larger;
        }
        for (let i = 0; i < ids.length; i++) out[length++] = ids[i]!;
      };
      for (const piece of parse ? cut(whole) : [whole]) {
        if (typeof piece === "number") put([piece]);
        else for (const word of words(piece)) put(encodeWord(word));
      }
      return out.slice(0, length);
    },
    decode(ids, { skipSpecial = false } = {}) {
      const pieces: Uint8Array[] = [];
      let length = 0;
      for (let i = 0; i < ids.length; i++) {
        const id = ids[i]!;
        const piece = bytes[id] ?? noSuchId(id, i, size);
        if (skipSpecial && specials.has(id)) continue;
        pieces.push(piece);
        length += piece.length;
      }
      const all = new Uint8Array(length);
      let at = 0;
      for (const piece of pieces) {
        all.set(piece, at);
        at += piece.length;
      }
      // A byte order mark is a character of the text here, not a mark.
      return new TextDecoder("utf-8", { ignoreBOM: true }).decode(all);
    },
    toFile: () => bpe.file ?? write(bpe),
  };
}

/** Bytes of a token; one that is not spelled with byte characters (an odd entry of a foreign file) stands for itself. */
function tokenBytes(token: string): Uint8Array {
  const bytes = Array.from(token, (character) => CHARACTER_BYTES.get(character));
  return bytes.every((byte) => byte !== undefined) ? Uint8Array.from(bytes as number[]) : bytesOf(token);
}

function missing(token: string): never {
  return fail(
    "E_TOKENISER_FILE",
    `The vocabulary of the byte-level BPE has no token ${JSON.stringify(token)}, which a byte or a merge needs.`,
    "Get the file again: it is damaged or incomplete.",
  );
}

function write(bpe: ByteBpe): string {
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
  return JSON.stringify({
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: addedTokens(bpe.special),
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(bpe.vocabulary),
      merges: bpe.merges,
    },
  });
}
