/**
 * A language whose true probabilities are known: an n-gram model with interpolated Witten-Bell smoothing (Witten, Bell
 * 1991, method C; Chen, Goodman 1999, section 2.5), estimated on a text. It is an oracle, not a competitor: what a
 * student learns from it can be compared with the exact distribution of every next token.
 *
 *   P(v | c) = (count(c, v) + T(c) P(v | c without its oldest token)) / (count(c) + T(c)),
 *
 * T(c) the number of distinct tokens seen after c; below the empty context is the uniform distribution. An unseen
 * context is its longest seen part. Sampling needs no distribution: with T of count + T chances one backs off, else one
 * draws among the followers, which is the same mixture in whole numbers.
 */
import { fail } from "../../errors.ts";
import { fold, integers, type Key } from "../../tensor/random.ts";
import { type ContextTree, contextTree } from "./context-tree.ts";

export interface NgramOptions {
  /** Tokens that hang together: contexts have `order - 1`. Default 6. */
  readonly order?: number;
  /** Number of ids. */
  readonly vocabulary: number;
}

export interface NgramOracle {
  readonly order: number;
  readonly vocabulary: number;
  /** Distinct contexts, the empty one included. */
  readonly contexts: number;
  /**
   * Exact distributions of the next token.
   * @param contexts `[n, order - 1]`, oldest token first; -1 where there is none (before the beginning)
   * @returns `[n, vocabulary]`; rows sum to 1
   */
  distributions(contexts: Int32Array): Float64Array;
  /**
   * Continuations, each row with a key of its own: the rows do not depend on how many are drawn together.
   * @param prompts `[n, promptLength]`
   * @returns `[n, length]`, without the prompts
   */
  sample(prompts: Int32Array, promptLength: number, length: number, key: Key): Int32Array;
  /** Endless fresh text, from its beginning: each call gives the next `count` tokens. */
  stream(key: Key): (count: number) => Int32Array;
}

/**
 * Estimates the oracle.
 * @param tokens ids of one text
 * @throws E_ORACLE when an id is outside the vocabulary, the text is empty or the order is no whole number from 1 on
 */
export function estimateNgram(tokens: Int32Array, options: NgramOptions): NgramOracle {
  const { order = 6, vocabulary } = options;
  if (!Number.isInteger(order) || order < 1)
    fail("E_ORACLE", `The order is ${order}.`, "Give a whole number from 1 on.");
  if (tokens.length === 0) fail("E_ORACLE", "The text of the oracle is empty.", "Give some text.");
  checkTokens(tokens, 0, vocabulary);
  const depth = order - 1;
  const tree = contextTree(tokens, vocabulary, depth);

  /** Writes the nodes of the context that ends before `end` into `path`, the root first; returns how many. */
  const find = (text: Int32Array, end: number, oldest: number, path: Int32Array): number => {
    let length = 1;
    path[0] = 0;
    for (let i = end - 1; i >= Math.max(oldest, end - depth) && text[i]! >= 0; i--) {
      const node = tree.child(path[length - 1]!, text[i]!);
      if (node < 0) break;
      path[length++] = node;
    }
    return length;
  };

  // The deepest context after each entry of the tree, found when it is first needed. It follows from the deepest context
  // before and the token alone: a longer one would have to be the continuation of a longer one.
  const onward = new Int32Array(tree.symbols.length).fill(-1);
  const spare = new Int32Array(order);
  const deepest = (text: Int32Array, end: number) => spare[find(text, end, 0, spare) - 1]!;

  const extend = (text: Int32Array, from: number, draw: (below: number) => number): void => {
    let node = deepest(text, from);
    for (let i = from; i < text.length; i++) {
      const entry = drawEntry(tree, node, draw);
      text[i] = entry < 0 ? draw(vocabulary) : tree.symbols[entry]!;
      // Only an entry of the deepest context itself says all about what follows.
      const own = entry >= tree.starts[node]! && entry < tree.starts[node + 1]!;
      node = own && onward[entry]! >= 0 ? onward[entry]! : deepest(text, i + 1);
      if (own) onward[entry] = node;
    }
  };

  return {
    order,
    vocabulary,
    contexts: tree.size,
    distributions(contexts) {
      const n = depth === 0 ? contexts.length || 1 : contexts.length / depth;
      if (!Number.isInteger(n)) {
        fail("E_ORACLE", `${contexts.length} ids are no contexts of ${depth} tokens.`, "Give an array [n, order - 1].");
      }
      checkTokens(contexts, -1, vocabulary);
      const out = new Float64Array(n * vocabulary);
      const path = new Int32Array(order);
      for (let row = 0; row < n; row++) {
        const length = find(contexts, (row + 1) * depth, row * depth, path);
        mix(tree, path, length, out.subarray(row * vocabulary, (row + 1) * vocabulary));
      }
      return out;
    },
    sample(prompts, promptLength, length, key) {
      const n = promptLength === 0 ? 1 : prompts.length / promptLength;
      if (!Number.isInteger(n)) {
        fail("E_ORACLE", `${prompts.length} ids are no prompts of ${promptLength} tokens.`, "Give [n, promptLength].");
      }
      checkTokens(prompts, -1, vocabulary);
      const out = new Int32Array(n * length);
      const text = new Int32Array(promptLength + length);
      for (let row = 0; row < n; row++) {
        text.set(prompts.subarray(row * promptLength, (row + 1) * promptLength));
        extend(text, promptLength, integers(fold(key, row)));
        out.set(text.subarray(promptLength), row * length);
      }
      return out;
    },
    stream(key) {
      const draw = integers(key);
      let context = new Int32Array(depth).fill(-1);
      return (count) => {
        const text = new Int32Array(depth + count);
        text.set(context);
        extend(text, depth, draw);
        context = text.slice(count);
        return text.slice(depth);
      };
    },
  };
}

/** The interpolated distribution along a path of contexts. */
function mix(tree: ContextTree, path: Int32Array, length: number, out: Float64Array): void {
  const { starts, symbols, cumulative } = tree;
  out.fill(1 / out.length);
  for (let level = 0; level < length; level++) {
    const from = starts[path[level]!]!;
    const to = starts[path[level]! + 1]!;
    const distinct = to - from;
    const total = cumulative[to - 1]! + distinct;
    const backOff = distinct / total;
    for (let v = 0; v < out.length; v++) out[v]! *= backOff;
    let before = 0;
    for (let i = from; i < to; i++) {
      out[symbols[i]!]! += (cumulative[i]! - before) / total;
      before = cumulative[i]!;
    }
  }
}

/** An entry of the tree drawn from the mixture of a context and what it backs off to; -1 for the uniform distribution. */
function drawEntry(
  { starts, cumulative, parents }: ContextTree,
  from: number,
  draw: (below: number) => number,
): number {
  for (let node = from; ; node = parents[node]!) {
    let low = starts[node]!;
    let high = starts[node + 1]! - 1;
    const distinct = high + 1 - low;
    const chance = draw(cumulative[high]! + distinct) - distinct;
    if (chance < 0) {
      if (node === 0) return -1;
      continue;
    }
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cumulative[middle]! > chance) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/**
 * The contexts of tokens `from` to `to - 1` of each row: what precedes them in the row, -1 before its beginning.
 * @param rows `[n, length]`
 * @returns `[n * (to - from), order - 1]`, row after row
 */
export function contextsOf(rows: Int32Array, length: number, from: number, to: number, order: number): Int32Array {
  const depth = order - 1;
  const n = rows.length / length;
  const out = new Int32Array(n * (to - from) * depth).fill(-1);
  let at = 0;
  for (let row = 0; row < n; row++) {
    for (let t = from; t < to; t++) {
      for (let i = t - depth; i < t; i++, at++) if (i >= 0) out[at] = rows[row * length + i]!;
    }
  }
  return out;
}

function checkTokens(tokens: Int32Array, least: number, vocabulary: number): void {
  const at = tokens.findIndex((token) => token < least || token >= vocabulary);
  if (at < 0) return;
  fail("E_ORACLE", `The token ${tokens[at]} at ${at} is not in the vocabulary of ${vocabulary}.`, "Use ids below it.");
}
