/**
 * Exact probabilities of the next word of a sentence of a grammar: Earley's parser with forward and inner probabilities
 * (Stolcke 1995, "An efficient probabilistic context-free parsing algorithm that computes prefix probabilities").
 *
 * Left recursion and unit rules are infinite sums; they are summed beforehand, as inverses of (I - left corners) and of
 * (I - unit rules) (section 4.5 there). The forward probabilities of the states that wait for a word are the joint
 * probabilities of the prefix with that word, so one pass gives the distribution at every position. Every word read
 * divides both by its conditional probability (section 5.3), so that long sentences do not underflow.
 */
import { fail } from "../../errors.ts";
import { categoryOf, type Grammar, isCategory, type Rule } from "./grammar.ts";

interface State {
  readonly rule: Rule;
  readonly dot: number;
  /** Position where the rule began. */
  readonly origin: number;
  forward: number;
  inner: number;
}

/** A sentence that is read word by word. */
export interface Parser {
  /** Probabilities of the next word and of the end, `[vocabulary]`. */
  readonly next: Float64Array;
  /** Log-probability that a sentence begins with the words read. */
  readonly logPrefix: number;
  /** Reads a word. @throws E_ORACLE when no sentence goes on like this */
  push(word: number): void;
}

/** Makes parsers of a grammar; what does not depend on the sentence is computed once. */
export function earley(grammar: Grammar): () => Parser {
  const { categories, rules, rulesOf, vocabulary, end } = grammar;
  const n = categories.length;
  const corners = Array.from({ length: n }, () => new Float64Array(n));
  const units = Array.from({ length: n }, () => new Float64Array(n));
  for (const { left, right, probability } of rules) {
    if (!isCategory(right[0]!)) continue;
    corners[left]![categoryOf(right[0]!)]! += probability;
    if (right.length === 1) units[left]![categoryOf(right[0]!)]! += probability;
  }
  const leftCorner = closure(corners);
  const unit = closure(units);
  // A number for each place of a dot.
  const item = new Map<Rule, number>();
  let items = 0;
  for (const rule of rules) {
    item.set(rule, items);
    items += rule.right.length + 1;
  }
  const isUnit = ({ right }: Rule) => right.length === 1 && isCategory(right[0]!);

  return () => {
    /** States of each position by the category they wait for. */
    const waiting: State[][][] = [];
    let forWord: State[] = [];
    let next = new Float64Array(vocabulary);
    let logPrefix = 0;

    /** Completes the rules that end here (none at the beginning), predicts the rules that may begin here. */
    const close = (scanned: readonly State[], scale: number) => {
      const here = waiting.length;
      const states = new Map<number, State>();
      const kernel: State[] = [];
      // Completed inner probabilities by origin and category. A longer rule ends only after the shorter ones inside it.
      const done = Array.from({ length: here }, () => new Float64Array(n));
      const finished = (rule: Rule, origin: number, inner: number) => {
        if (!isUnit(rule)) done[origin]![rule.left]! += inner;
      };
      const add = (rule: Rule, dot: number, origin: number, forward: number, inner: number) => {
        if (dot === rule.right.length) finished(rule, origin, inner);
        const id = (item.get(rule)! + dot) * (here + 1) + origin;
        const same = states.get(id);
        if (same) {
          same.forward += forward;
          same.inner += inner;
          return;
        }
        const state = { rule, dot, origin, forward, inner };
        states.set(id, state);
        kernel.push(state);
      };
      for (const { rule, dot, origin, forward, inner } of scanned) {
        add(rule, dot + 1, origin, forward * scale, inner * scale);
      }
      let sentence = 0;
      for (let origin = here - 1; origin >= 0; origin--) {
        if (done[origin]!.every((inner) => inner === 0)) continue;
        for (let z = 0; z < n; z++) {
          const inner = product(unit[z]!, done[origin]!);
          if (inner === 0) continue;
          if (origin === 0 && z === 0) sentence = inner;
          for (const state of waiting[origin]![z]!) {
            add(state.rule, state.dot + 1, state.origin, state.forward * inner, state.inner * inner);
          }
        }
      }
      // Forward probability with which each category is waited for; at the beginning, the start is.
      const wanted = new Float64Array(n);
      if (here === 0) wanted[0] = 1;
      const byCategory: State[][] = Array.from({ length: n }, () => []);
      forWord = [];
      const wait = (state: State) => {
        const symbol = state.rule.right[state.dot]!;
        if (isCategory(symbol)) byCategory[categoryOf(symbol)]!.push(state);
        else forWord.push(state);
      };
      for (const state of kernel) {
        if (state.dot === state.rule.right.length) continue;
        wait(state);
        const symbol = state.rule.right[state.dot]!;
        if (isCategory(symbol)) wanted[categoryOf(symbol)]! += state.forward;
      }
      for (let y = 0; y < n; y++) {
        let forward = 0;
        for (let z = 0; z < n; z++) forward += wanted[z]! * leftCorner[z]![y]!;
        if (forward === 0) continue;
        for (const rule of rulesOf[y]!) {
          wait({ rule, dot: 0, origin: here, forward: forward * rule.probability, inner: rule.probability });
        }
      }
      waiting.push(byCategory);
      next = new Float64Array(vocabulary);
      for (const { rule, dot, forward } of forWord) next[rule.right[dot]!]! += forward;
      next[end] = sentence;
    };
    close([], 1);

    return {
      get next() {
        return next;
      },
      get logPrefix() {
        return logPrefix;
      },
      push(word) {
        const scanned = forWord.filter(({ rule, dot }) => rule.right[dot] === word);
        if (scanned.length === 0) {
          const name = grammar.words[word] ?? word;
          fail(
            "E_ORACLE",
            `No sentence goes on with "${name}" after ${waiting.length - 1} words.`,
            "Ask about sentences.",
          );
        }
        const conditional = next[word]!;
        logPrefix += Math.log(conditional);
        close(scanned, 1 / conditional);
      },
    };
  };
}

function product(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** I + M + M^2 + ... = (I - M)^-1, by Gauss-Jordan elimination with pivots. */
function closure(m: readonly Float64Array[]): Float64Array[] {
  const n = m.length;
  const rows = m.map((row, i) => {
    const wide = new Float64Array(2 * n);
    for (let j = 0; j < n; j++) wide[j] = (i === j ? 1 : 0) - row[j]!;
    wide[n + i] = 1;
    return wide;
  });
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let i = column + 1; i < n; i++) {
      if (Math.abs(rows[i]![column]!) > Math.abs(rows[pivot]![column]!)) pivot = i;
    }
    [rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!];
    const top = rows[column]!;
    const scale = top[column]!;
    for (let j = 0; j < 2 * n; j++) top[j]! /= scale;
    for (let i = 0; i < n; i++) {
      const factor = rows[i]![column]!;
      if (i === column || factor === 0) continue;
      for (let j = 0; j < 2 * n; j++) rows[i]![j]! -= factor * top[j]!;
    }
  }
  return rows.map((row) => row.slice(n));
}
