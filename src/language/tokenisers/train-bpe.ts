/**
 * Training of a byte-level BPE (Sennrich, Haddow, Birch 2016, algorithm 1, on bytes): the most frequent pair of tokens
 * becomes a token, until the vocabulary has the size asked for.
 *
 * Ours because no npm library trains with a chosen size. Of equally frequent pairs the one with the smaller ids goes
 * first, and a pair may make a token that exists (ab+c after a+bc), which costs no place in the vocabulary: both as in
 * the trainer of Hugging Face, so that the merges are equal. Counts are kept, not recounted: a merge visits only the
 * words that have the pair.
 */
import { fail } from "../../errors.ts";
import { byteBpe, byteBpeTokeniser } from "./byte-bpe.ts";
import { BYTE_ALPHABET, BYTE_CHARACTERS, bytesOf, words } from "./byte-level.ts";
import { pop, push } from "./heap.ts";
import { pairKey } from "./merge.ts";
import { spelling, type Tokeniser, wellFormed } from "./tokeniser.ts";

export interface TrainBpeOptions {
  /** Size of the vocabulary, with the 256 bytes and the special tokens. It is smaller if the text has no more pairs. */
  readonly size: number;
  /** Roles of special tokens: they get the last ids. */
  readonly special?: readonly string[];
}

/** A pair in the queue: its count when it was put there, and the words in which it was seen. */
interface Candidate {
  readonly left: number;
  readonly right: number;
  count: number;
  readonly at: ReadonlySet<number>;
}

/**
 * Trains on one or more texts; words never reach over the end of a text.
 * @throws E_TOKENISER_SIZE for a size below 256 and the special tokens
 */
export function trainByteBpe(texts: string | readonly string[], options: TrainBpeOptions): Tokeniser {
  const { size, special = [] } = options;
  const smallest = BYTE_ALPHABET.length + special.length;
  if (!Number.isInteger(size) || size < smallest) {
    fail(
      "E_TOKENISER_SIZE",
      `A byte-level vocabulary of ${size} tokens was asked for; 256 bytes and ${special.length} special tokens are ${smallest}.`,
      `Ask for a whole number from ${smallest} on.`,
    );
  }
  const counted = countWords(typeof texts === "string" ? [texts] : texts, special);
  return byteBpeTokeniser(byteBpe(learnMerges(counted, size - special.length), special));
}

/** Distinct words with their counts; spelled special tokens are no words. */
function countWords(texts: readonly string[], special: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) {
    let pieces = [wellFormed(text)];
    for (const role of special) pieces = pieces.flatMap((piece) => piece.split(spelling(role)));
    for (const piece of pieces) for (const word of words(piece)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

function learnMerges(counted: ReadonlyMap<string, number>, size: number): [string, string][] {
  const tokens = [...BYTE_ALPHABET];
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const byteIds = BYTE_CHARACTERS.map((character) => ids.get(character)!);
  const sequences = [...counted.keys()].map((word) => Array.from(bytesOf(word), (byte) => byteIds[byte]!));
  const weights = [...counted.values()];

  const counts = new Map<number, number>();
  const seen = new Map<number, { left: number; right: number; at: Set<number> }>();
  const add = (left: number, right: number, change: number, word: number) => {
    const key = pairKey(left, right);
    counts.set(key, (counts.get(key) ?? 0) + change);
    if (change < 0) return;
    const entry = seen.get(key);
    if (entry) entry.at.add(word);
    else seen.set(key, { left, right, at: new Set([word]) });
  };
  const queue: Candidate[] = [];
  const enqueue = () => {
    for (const [key, { left, right, at }] of seen) {
      const count = counts.get(key)!;
      if (count > 0) push(queue, { left, right, count, at }, before);
    }
    seen.clear();
  };
  sequences.forEach((word, w) => {
    for (let i = 1; i < word.length; i++) add(word[i - 1]!, word[i]!, weights[w]!, w);
  });
  enqueue();

  const merges: [string, string][] = [];
  while (tokens.length < size && queue.length > 0) {
    const top = pop(queue, before);
    const now = counts.get(pairKey(top.left, top.right))!;
    if (top.count !== now) {
      // Out of date: back to where it belongs now.
      top.count = now;
      if (now > 0) push(queue, top, before);
      continue;
    }
    const text = tokens[top.left]! + tokens[top.right]!;
    const known = ids.get(text);
    const made = known ?? tokens.length;
    if (known === undefined) {
      ids.set(text, made);
      tokens.push(text);
    }
    merges.push([tokens[top.left]!, tokens[top.right]!]);
    for (const w of top.at) {
      mergeIn(sequences[w]!, top.left, top.right, made, (a, b, sign) => add(a, b, sign * weights[w]!, w));
    }
    enqueue();
  }
  return merges;
}

/** Replaces a pair in a word, left to right, and says which neighbouring pairs go and come. */
function mergeIn(
  word: number[],
  left: number,
  right: number,
  made: number,
  change: (left: number, right: number, sign: 1 | -1) => void,
): void {
  let to = 0;
  for (let from = 0; from < word.length; from++) {
    if (word[from] !== left || word[from + 1] !== right) {
      word[to++] = word[from]!;
      continue;
    }
    if (to > 0) {
      change(word[to - 1]!, left, -1);
      change(word[to - 1]!, made, 1);
    }
    const after = word[from + 2];
    if (after !== undefined) {
      change(right, after, -1);
      change(made, after, 1);
    }
    word[to++] = made;
    from++;
  }
  word.length = to;
}

/** Whether `a` comes before `b`: more frequent, else the smaller ids. */
const before = (a: Candidate, b: Candidate): boolean =>
  a.count !== b.count ? a.count > b.count : a.left !== b.left ? a.left < b.left : a.right < b.right;
