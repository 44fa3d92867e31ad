/**
 * Probabilistic context-free grammars: rules, the checks that make them a distribution over sentences, and sampling.
 *
 * Rules are a table, `{ S: [[0.7, "NP VP"], [0.3, "S and S"]] }`: what has an entry is a category, everything else a
 * word. There are no empty right sides; with them the parser would need more than matrices of unit rules.
 */
import { fail } from "../../errors.ts";
import { integers, type Key } from "../../tensor/random.ts";

export type GrammarTable = Readonly<Record<string, readonly (readonly [probability: number, right: string])[]>>;

export interface Rule {
  /** Number of the category. */
  readonly left: number;
  /** Words are their ids; a category c is -1 - c. */
  readonly right: readonly number[];
  readonly probability: number;
}

export interface Grammar {
  /** Categories by number; the first is the start. */
  readonly categories: readonly string[];
  /** Words by id, in the order of their first use. */
  readonly words: readonly string[];
  /** Id that ends a sentence, behind the words. */
  readonly end: number;
  /** Words and the end. */
  readonly vocabulary: number;
  readonly rules: readonly Rule[];
  /** Rules of each category. */
  readonly rulesOf: readonly (readonly Rule[])[];
  /** Mean number of words of a sentence. */
  readonly meanLength: number;
}

export const isCategory = (symbol: number): boolean => symbol < 0;
export const categoryOf = (symbol: number): number => -1 - symbol;

/**
 * A grammar from its table; the first entry is the start.
 * @throws E_GRAMMAR when probabilities do not sum to 1, a right side is empty, or sentences have no finite mean length
 */
export function grammar(table: GrammarTable): Grammar {
  const categories = Object.keys(table);
  const words: string[] = [];
  const number = new Map(categories.map((name, c) => [name, -1 - c]));
  const rules: Rule[] = [];
  for (const [name, alternatives] of Object.entries(table)) {
    const sum = alternatives.reduce((total, [probability]) => total + probability, 0);
    if (Math.abs(sum - 1) > 1e-9 || alternatives.some(([probability]) => !(probability > 0))) {
      fail("E_GRAMMAR", `The rules of "${name}" have the probabilities ${sum} in all.`, "Each must be above 0, all 1.");
    }
    for (const [probability, right] of alternatives) {
      const symbols = right.split(" ").filter((symbol) => symbol !== "");
      if (symbols.length === 0) fail("E_GRAMMAR", `A rule of "${name}" is empty.`, "Give every rule a right side.");
      for (const symbol of symbols) {
        if (number.has(symbol)) continue;
        number.set(symbol, words.length);
        words.push(symbol);
      }
      rules.push({ left: categoryOf(number.get(name)!), right: symbols.map((s) => number.get(s)!), probability });
    }
  }
  if (rules.length === 0) fail("E_GRAMMAR", "The grammar has no rules.", "Give at least one.");
  const rulesOf = categories.map((_, c) => rules.filter(({ left }) => left === c));
  const end = words.length;
  return { categories, words, end, vocabulary: end + 1, rules, rulesOf, meanLength: meanLength(rulesOf) };
}

/** Iterates the mean lengths of all categories; they converge from below exactly when they are finite. */
function meanLength(rulesOf: readonly (readonly Rule[])[]): number {
  let lengths = rulesOf.map(() => 0);
  for (let round = 0; round < 10_000; round++) {
    const of = (symbol: number) => (isCategory(symbol) ? lengths[categoryOf(symbol)]! : 1);
    const next = rulesOf.map((rules) =>
      rules.reduce((sum, { right, probability }) => sum + probability * right.reduce((s, x) => s + of(x), 0), 0),
    );
    if (next.every((length, c) => Math.abs(length - lengths[c]!) < 1e-12 * (1 + length))) {
      if (next.every((length) => length > 0)) return next[0]!;
      break;
    }
    lengths = next;
  }
  return fail(
    "E_GRAMMAR",
    "Some category makes no words, or sentences whose mean length is not finite.",
    "Give the rules that call their own category smaller probabilities.",
  );
}

/** A sentence with its end, by key. */
export function sampleSentence({ rulesOf, end }: Grammar, key: Key): Int32Array {
  const next = integers(key);
  const out: number[] = [];
  const open = [-1];
  while (open.length > 0) {
    const symbol = open.pop()!;
    if (!isCategory(symbol)) {
      out.push(symbol);
      continue;
    }
    const rules = rulesOf[categoryOf(symbol)]!;
    // 53 random bits, as a double has.
    let chance = (next(2 ** 21) * 2 ** 32 + next(2 ** 32)) * 2 ** -53;
    const chosen = rules.find(({ probability }) => (chance -= probability) < 0) ?? rules.at(-1)!;
    for (let i = chosen.right.length - 1; i >= 0; i--) open.push(chosen.right[i]!);
  }
  return Int32Array.from([...out, end]);
}

/**
 * A small English: 40 words, agreement in number, relative clauses without bound. The second language on which a method
 * can be tried: its dependencies are longer than any n-gram.
 */
export const smallEnglish = (): Grammar =>
  grammar({
    S: [
      [0.45, "NP1 VP1"],
      [0.35, "NP2 VP2"],
      [0.12, "S CONJ S"],
      [0.08, "ADV S"],
    ],
    NP1: [
      [0.3, "DET1 N1"],
      [0.2, "DET1 ADJ N1"],
      [0.2, "NAME"],
      [0.15, "NP1 PREP NP"],
      [0.15, "NP1 who VP1"],
    ],
    NP2: [
      [0.4, "DET2 N2"],
      [0.3, "ADJ N2"],
      [0.15, "NP2 PREP NP"],
      [0.15, "NP2 who VP2"],
    ],
    NP: [
      [0.6, "NP1"],
      [0.4, "NP2"],
    ],
    VP1: [
      [0.35, "V1"],
      [0.5, "VT1 NP"],
      [0.15, "VP1 ADV"],
    ],
    VP2: [
      [0.35, "V2"],
      [0.5, "VT2 NP"],
      [0.15, "VP2 ADV"],
    ],
    DET1: [
      [0.5, "the"],
      [0.3, "a"],
      [0.2, "every"],
    ],
    DET2: [
      [0.6, "the"],
      [0.25, "some"],
      [0.15, "all"],
    ],
    N1: [
      [0.4, "teacher"],
      [0.4, "student"],
      [0.1, "book"],
      [0.1, "school"],
    ],
    N2: [
      [0.4, "teachers"],
      [0.4, "students"],
      [0.1, "books"],
      [0.1, "schools"],
    ],
    NAME: [
      [0.5, "ada"],
      [0.3, "emmy"],
      [0.2, "alan"],
    ],
    ADJ: [
      [0.4, "good"],
      [0.3, "old"],
      [0.3, "curious"],
    ],
    V1: [
      [0.4, "learns"],
      [0.3, "sleeps"],
      [0.3, "asks"],
    ],
    V2: [
      [0.4, "learn"],
      [0.3, "sleep"],
      [0.3, "ask"],
    ],
    VT1: [
      [0.4, "teaches"],
      [0.3, "reads"],
      [0.3, "asks"],
    ],
    VT2: [
      [0.4, "teach"],
      [0.3, "read"],
      [0.3, "ask"],
    ],
    PREP: [
      [0.5, "of"],
      [0.3, "with"],
      [0.2, "near"],
    ],
    CONJ: [
      [0.7, "and"],
      [0.3, "but"],
    ],
    ADV: [
      [0.5, "often"],
      [0.3, "slowly"],
      [0.2, "today"],
    ],
  });
