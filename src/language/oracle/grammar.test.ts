import { describe, expect, test } from "vitest";
import { fold, key } from "../../tensor/random.ts";
import { earley } from "./earley.ts";
import { categoryOf, type Grammar, grammar, isCategory, sampleSentence, smallEnglish } from "./grammar.ts";
import { grammarOracle } from "./grammar-oracle.ts";
import { expectedCrossEntropy, meanEntropy } from "./target.ts";
import { chiSquare } from "./testing.ts";

/** All sentences by leftmost derivation, with their probabilities; derivations below `least` are given up. */
function sentences({ rulesOf }: Grammar, least: number): { all: Map<string, number>; missing: number } {
  const all = new Map<string, number>();
  let missing = 0;
  const go = (done: number[], open: number[], probability: number): void => {
    if (probability < least) {
      missing += probability;
      return;
    }
    const [symbol, ...rest] = open;
    if (symbol === undefined) all.set(done.join(" "), (all.get(done.join(" ")) ?? 0) + probability);
    else if (!isCategory(symbol)) go([...done, symbol], rest, probability);
    else
      for (const rule of rulesOf[categoryOf(symbol)]!)
        go(done, [...rule.right, ...rest], probability * rule.probability);
  };
  go([], [-1], 1);
  return { all, missing };
}

/** Next-word distribution by adding up whole sentences. */
function byEnumeration(all: Map<string, number>, prefix: number[], vocabulary: number): Float64Array {
  const out = new Float64Array(vocabulary);
  for (const [text, probability] of all) {
    const words = text.split(" ").map(Number);
    if (prefix.every((word, i) => words[i] === word)) out[words[prefix.length] ?? vocabulary - 1]! += probability;
  }
  return out;
}

/** Every prefix of the most probable sentences; the distribution must be within what the enumeration left out. */
function compare(g: Grammar, least: number, tolerance: number): number {
  const { all, missing } = sentences(g, least);
  const parser = earley(g);
  const likely = [...all].sort((a, b) => b[1] - a[1]).slice(0, 30);
  let compared = 0;
  for (const [text] of likely) {
    const words = text.split(" ").map(Number);
    const reading = parser();
    for (let i = 0; i <= words.length; i++) {
      const joint = byEnumeration(all, words.slice(0, i), g.vocabulary);
      const prefix = Math.exp(reading.logPrefix);
      reading.next.forEach((p, v) => {
        expect(Math.abs(p * prefix - joint[v]!)).toBeLessThanOrEqual(missing + tolerance);
        compared++;
      });
      expect(reading.next.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 10);
      if (i < words.length) reading.push(words[i]!);
    }
  }
  return compared;
}

describe("against enumeration", () => {
  test("finite and ambiguous, with unit rules: exact", () => {
    const g = grammar({
      S: [
        [0.5, "A B"],
        [0.3, "A"],
        [0.2, "a B"],
      ],
      A: [
        [0.6, "a"],
        [0.3, "a b"],
        [0.1, "B"],
      ],
      B: [
        [0.7, "b"],
        [0.2, "C C"],
        [0.1, "C"],
      ],
      C: [
        [0.5, "c"],
        [0.5, "b"],
      ],
    });
    expect(sentences(g, 0).missing).toBe(0);
    expect(compare(g, 0, 1e-14)).toBeGreaterThan(200);
  });

  test("left recursion, centre recursion and a cycle of unit rules: within what enumeration leaves out", () => {
    const g = grammar({
      S: [
        [0.1, "S a"],
        [0.1, "b S c"],
        [0.2, "T"],
        [0.6, "d"],
      ],
      T: [
        [0.2, "S"],
        [0.7, "b"],
        [0.1, "T c"],
      ],
    });
    expect(sentences(g, 1e-12).missing).toBeLessThan(1e-6);
    expect(compare(g, 1e-12, 1e-14)).toBeGreaterThan(200);
  });

  test("closed form: S -> S S | a", () => {
    // Sentences of n words: Catalan(n - 1) p^(n-1) q^n. P(first word) = 1; P(ends after 1) = q.
    const g = grammar({
      S: [
        [0.3, "S S"],
        [0.7, "a"],
      ],
    });
    const reading = earley(g)();
    const catalan = [1, 1, 2, 5, 14, 42];
    let left = 1;
    for (let n = 1; n <= 6; n++) {
      reading.push(0);
      expect(Math.exp(reading.logPrefix)).toBeCloseTo(left, 12);
      const whole = catalan[n - 1]! * 0.3 ** (n - 1) * 0.7 ** n;
      expect(reading.next[1]).toBeCloseTo(whole / left, 12);
      left -= whole;
    }
    // Mean m = 0.7 + 0.3 * 2m.
    expect(g.meanLength).toBeCloseTo(0.7 / 0.4, 9);
  });
});

test("long sentences do not underflow", () => {
  // A chain of 26 equally likely words: the prefix of 400 has the probability 0.99^399 / 26^400, below all doubles.
  const letters = [..."abcdefghijklmnopqrstuvwxyz"];
  const rules = letters.flatMap((c) => [[0.01 / 26, c] as const, [0.99 / 26, `${c} S`] as const]);
  const reading = earley(grammar({ S: rules }))();
  for (let i = 0; i < 400; i++) reading.push(i % 26);
  expect(reading.logPrefix).toBeCloseTo(399 * Math.log(0.99) - 400 * Math.log(26), 8);
  expect(reading.next[26]).toBeCloseTo(0.01, 12);
});

describe("small English as an oracle", () => {
  const oracle = grammarOracle(smallEnglish());
  const { vocabulary, grammar: g } = oracle;

  test("about 40 words", () => {
    expect(g.words.length).toBeGreaterThanOrEqual(36);
    expect(g.words.length).toBeLessThanOrEqual(44);
  });

  test("agreement beyond a relative clause", () => {
    const row = "the teacher who teaches the students".split(" ").map((word) => g.words.indexOf(word));
    const p = oracle.distributions(Int32Array.from([...row, 0]), 7).slice(6 * vocabulary);
    const of = (word: string) => p[g.words.indexOf(word)]!;
    expect(of("sleeps")).toBeGreaterThan(0);
    expect(of("sleep")).toBe(0);
    expect(p[g.end]).toBe(0);
  });

  test("distributions sum to 1, and the cost of drawn text is its entropy within 3 standard errors", () => {
    const n = 6000;
    const text = oracle.stream(key(31))(n);
    const p = oracle.distributions(text, n);
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < n; i++) {
      const row = p.slice(i * vocabulary, (i + 1) * vocabulary);
      expect(Math.abs(row.reduce((a, b) => a + b, 0) - 1)).toBeLessThan(1e-9);
      const difference = -Math.log(row[text[i]!]!) - meanEntropy(row, vocabulary);
      sum += difference;
      squares += difference ** 2;
    }
    expect(Math.abs(sum / n)).toBeLessThan((3 * Math.sqrt(squares / n)) / Math.sqrt(n));
    expect(expectedCrossEntropy(p, p.map(Math.log), vocabulary)).toBeCloseTo(meanEntropy(p, vocabulary), 12);
  });

  test("first and second words of drawn sentences (chi-square)", () => {
    const drawn = Array.from({ length: 20_000 }, (_, i) => sampleSentence(g, fold(key(32), i)));
    const first = oracle.distributions(Int32Array.of(0), 1);
    // 0.999 quantile of chi-square with 13 degrees of freedom: 34.5 (14 possible first words).
    expect(first.filter((p) => p > 0)).toHaveLength(14);
    expect(
      chiSquare(
        drawn.map((s) => s[0]!),
        first,
      ),
    ).toBeLessThan(34.5);
    const the = g.words.indexOf("the");
    const second = oracle.distributions(Int32Array.of(the, 0), 2).slice(vocabulary);
    const after = drawn.filter((s) => s[0] === the).map((s) => s[1]!);
    // 11 possible words: 10 degrees of freedom, 29.6.
    expect(second.filter((p) => p > 0)).toHaveLength(11);
    expect(chiSquare(after, second)).toBeLessThan(29.6);
    const mean = drawn.reduce((sum, s) => sum + s.length - 1, 0) / drawn.length;
    const spread = Math.sqrt(drawn.reduce((sum, s) => sum + (s.length - 1 - mean) ** 2, 0) / drawn.length);
    expect(Math.abs(mean - g.meanLength)).toBeLessThan((3 * spread) / Math.sqrt(drawn.length));
  });

  test("a key gives the same stream, however it is cut", () => {
    const stream = oracle.stream(key(33));
    expect([...stream(3), ...stream(0), ...stream(40)]).toEqual([...oracle.stream(key(33))(43)]);
    expect(oracle.stream(key(34))(43)).not.toEqual(oracle.stream(key(33))(43));
  });

  test("what cannot be", () => {
    const learns = g.words.indexOf("learns");
    expect(() => oracle.distributions(Int32Array.of(learns, 0), 2)).toThrow(/goes on with "learns" after 0 words/);
    expect(() => oracle.distributions(Int32Array.of(g.end, 0), 2)).toThrow(/No sentence/);
    expect(() => oracle.distributions(Int32Array.of(0, 0, 0), 2)).toThrow(/no rows of 2/);
    expect(() => grammar({ S: [[0.5, "a"]] })).toThrow(/probabilities 0.5 in all/);
    expect(() => grammar({ S: [[1, " "]] })).toThrow(/is empty/);
    expect(() => grammar({})).toThrow(/no rules/);
    const growing = { S: [[0.6, "S S"] as const, [0.4, "a"] as const] };
    expect(() => grammar(growing)).toThrow(/not finite/);
    expect(() => grammar({ S: [[1, "S"]] })).toThrow(/makes no words/);
  });
});
