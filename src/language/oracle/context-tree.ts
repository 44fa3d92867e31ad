/**
 * All contexts of a text up to a length, with what followed them: a tree whose root is the empty context and whose
 * edges lead one token further into the past, so that the path to a context passes its own back-off contexts.
 *
 * Edges are in one hash table of typed arrays: a Map of numbers takes several times the memory and time.
 */

export interface ContextTree {
  /** Distinct contexts, the root included. */
  readonly size: number;
  /** Followers of node i are the entries from starts[i] to starts[i + 1]. */
  readonly starts: Int32Array;
  /** Follower of each entry, ascending within a node. */
  readonly symbols: Int32Array;
  /** Occurrences of this and the earlier followers of the node. */
  readonly cumulative: Int32Array;
  /** The context without its oldest token; of the root, the root. */
  readonly parents: Int32Array;
  /** Node one token further into the past, or -1. */
  child(node: number, token: number): number;
}

/** @param tokens ids below `vocabulary`; @param depth greatest length of a context */
export function contextTree(tokens: Int32Array, vocabulary: number, depth: number): ContextTree {
  const edges = new Edges();
  const starts: number[] = [];
  const symbols: number[] = [];
  const cumulative: number[] = [];
  const parents: number[] = [0];
  const byToken = countingSort(
    Int32Array.from(tokens, (_, i) => i),
    (i) => tokens[i]!,
    vocabulary,
  );
  // Node of the context before each position, at the present length.
  const nodes = new Int32Array(tokens.length);
  let size = 1;
  let first = 0;
  for (let length = 0; length <= depth; length++) {
    if (length > 0) {
      first = size;
      for (let i = length; i < tokens.length; i++) {
        const edge = nodes[i]! * vocabulary + tokens[i - length]!;
        const known = edges.get(edge);
        nodes[i] = known >= 0 ? known : size;
        if (known >= 0) continue;
        parents.push(Math.floor(edge / vocabulary));
        edges.set(edge, size++);
      }
    }
    // By node, then by follower: a stable sort by node of what is in the order of followers.
    const order = countingSort(byToken, (i) => (i < length ? 0 : nodes[i]! - first + 1), size - first + 1);
    let node = -1;
    let count = 0;
    // The first ones are the positions without a context of this length.
    for (let k = length; k < order.length; k++) {
      const i = order[k]!;
      const after = order[k + 1];
      if (nodes[i] !== node) {
        node = nodes[i]!;
        count = 0;
        starts.push(symbols.length);
      }
      count++;
      if (after !== undefined && nodes[after] === node && tokens[after] === tokens[i]) continue;
      symbols.push(tokens[i]!);
      cumulative.push(count);
    }
  }
  starts.push(symbols.length);
  return {
    size,
    starts: Int32Array.from(starts),
    symbols: Int32Array.from(symbols),
    cumulative: Int32Array.from(cumulative),
    parents: Int32Array.from(parents),
    child: (node, token) => edges.get(node * vocabulary + token),
  };
}

/** Items in the order of their class, 0..classes-1; those of a class keep their order. */
function countingSort(items: Int32Array, classOf: (item: number) => number, classes: number): Int32Array {
  const at = new Int32Array(classes + 1);
  for (let k = 0; k < items.length; k++) at[classOf(items[k]!) + 1]!++;
  for (let c = 0; c < classes; c++) at[c + 1]! += at[c]!;
  const out = new Int32Array(items.length);
  for (let k = 0; k < items.length; k++) out[at[classOf(items[k]!)]!++] = items[k]!;
  return out;
}

/** A hash table from non-negative safe integers to node numbers, open addressing, at most half full. */
class Edges {
  private keys = new Float64Array(1 << 12).fill(-1);
  private values = new Int32Array(1 << 12);
  private count = 0;

  get(key: number): number {
    const at = this.slot(key);
    return this.keys[at] === key ? this.values[at]! : -1;
  }

  set(key: number, value: number): void {
    const at = this.slot(key);
    this.keys[at] = key;
    this.values[at] = value;
    if (++this.count * 2 > this.keys.length) this.grow();
  }

  private slot(key: number): number {
    const mask = this.keys.length - 1;
    const high = Math.floor(key / 2 ** 32);
    let hash = Math.imul((key | 0) ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b);
    hash ^= hash >>> 15;
    let at = hash & mask;
    while (this.keys[at] !== -1 && this.keys[at] !== key) at = (at + 1) & mask;
    return at;
  }

  private grow(): void {
    const { keys, values } = this;
    this.keys = new Float64Array(keys.length * 2).fill(-1);
    this.values = new Int32Array(keys.length * 2);
    for (let i = 0; i < keys.length; i++) {
      if (keys[i] === -1) continue;
      const at = this.slot(keys[i]!);
      this.keys[at] = keys[i]!;
      this.values[at] = values[i]!;
    }
  }
}
