/**
 * A grammar as an oracle over a stream of sentences: each ends with the end token, after which the next one begins.
 */
import { fail } from "../../errors.ts";
import { fold, type Key } from "../../tensor/random.ts";
import { earley } from "./earley.ts";
import { type Grammar, sampleSentence } from "./grammar.ts";

export interface GrammarOracle {
  readonly grammar: Grammar;
  /** Words and the end token. */
  readonly vocabulary: number;
  /**
   * Exact distributions of every token given those before it; rows begin with a sentence.
   * @param rows `[n, length]`
   * @returns `[n, length, vocabulary]`: entry t belongs to token t
   * @throws E_ORACLE when a row is no beginning of sentences
   */
  distributions(rows: Int32Array, length: number): Float64Array;
  /** Endless fresh sentences: each call gives the next `count` tokens. */
  stream(key: Key): (count: number) => Int32Array;
}

export function grammarOracle(grammar: Grammar): GrammarOracle {
  const { vocabulary, end } = grammar;
  const parser = earley(grammar);
  const first = parser().next;
  return {
    grammar,
    vocabulary,
    distributions(rows, length) {
      if (rows.length % length !== 0) {
        fail("E_ORACLE", `${rows.length} ids are no rows of ${length} tokens.`, "Give an array [n, length].");
      }
      const out = new Float64Array(rows.length * vocabulary);
      let sentence: ReturnType<typeof parser> | undefined;
      for (let i = 0; i < rows.length; i++) {
        if (i % length === 0) sentence = undefined;
        out.set(sentence?.next ?? first, i * vocabulary);
        // The last token of a row decides nothing any more.
        if ((i + 1) % length === 0) continue;
        if (rows[i] === end && sentence && sentence.next[end]! > 0) sentence = undefined;
        else (sentence ??= parser()).push(rows[i]!);
      }
      return out;
    },
    stream(key) {
      let number = 0;
      let left = new Int32Array(0);
      return (count) => {
        const out = new Int32Array(count);
        for (let at = 0; at < count; ) {
          if (left.length === 0) left = sampleSentence(grammar, fold(key, number++)) as Int32Array<ArrayBuffer>;
          const take = Math.min(left.length, count - at);
          out.set(left.subarray(0, take), at);
          left = left.slice(take);
          at += take;
        }
        return out;
      };
    },
  };
}
