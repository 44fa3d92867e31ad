/**
 * Randomness from explicit, splittable, counter-based keys.
 *
 * Threefry-2x32 with 20 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): a
 * random number is a pure function of (key, counter), so the same key gives the same numbers in Node, in a
 * browser, in a worker and inside a compiled program (see ops/random.ts, which emits the same rounds as graph
 * nodes). Only additions, rotations and exclusive ors of 32-bit integers are used: bit-exact everywhere.
 */

/** Two unsigned 32-bit words. Never reuse a key for two purposes: {@link split} or {@link fold} it. */
export type Key = readonly [number, number];

/** Rotation distances of the eight-round schedule. */
export const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;
const [R0, R1, R2, R3, R4, R5, R6, R7] = ROTATIONS;
/** Skein key-schedule parity constant. */
export const PARITY = 0x1bd11bda;

/** Groups of four rounds, each followed by an injection of the key. */
const GROUPS = 5;
const rotated = (x: number, by: number): number => (x << by) | (x >>> (32 - by));

/** One block: two words of key, two words of counter, two words of output written to `out` at `at`. */
function block(k0: number, k1: number, c0: number, c1: number, out: Uint32Array, at: number): void {
  let a = k0;
  let b = k1;
  let c = k0 ^ k1 ^ PARITY;
  let x0 = (c0 + k0) | 0;
  let x1 = (c1 + k1) | 0;
  // Written out: all host randomness, so every order of examples, goes through here.
  for (let s = 1; s <= GROUPS; s++) {
    const odd = (s & 1) === 1;
    x0 = (x0 + x1) | 0;
    x1 = rotated(x1, odd ? R0 : R4) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = rotated(x1, odd ? R1 : R5) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = rotated(x1, odd ? R2 : R6) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = rotated(x1, odd ? R3 : R7) ^ x0;
    const first = a;
    a = b;
    b = c;
    c = first;
    x0 = (x0 + a) | 0;
    x1 = (x1 + b + s) | 0;
  }
  out[at] = x0;
  out[at + 1] = x1;
}

/** Threefry-2x32-20 of one counter; exported for the known-answer test. */
export function threefry(key: Key, counter: Key): [number, number] {
  const out = new Uint32Array(2);
  block(key[0], key[1], counter[0], counter[1], out, 0);
  return [out[0]!, out[1]!];
}

/** A key from an integer seed (any safe integer; both 32-bit halves are used). */
export function key(seed: number): Key {
  const high = Math.floor(seed / 2 ** 32);
  return threefry([seed >>> 0, high >>> 0], [0x4c79, 0x6365]);
}

/** `n` independent keys. */
export function split(from: Key, n = 2): Key[] {
  return Array.from({ length: n }, (_, i) => threefry(from, [i, 0x53504c54]));
}

/** A key for one purpose, numbered or named: `fold(key, step)`, `fold(key, "dropout")`. */
export function fold(from: Key, data: number | string): Key {
  if (typeof data === "number") return threefry(from, [data >>> 0, 0x464f4c44 ^ Math.floor(data / 2 ** 32)]);
  let out = from;
  for (let i = 0; i < data.length; i += 2) {
    out = threefry(out, [(data.charCodeAt(i) << 16) | (data.charCodeAt(i + 1) || 0), data.length]);
  }
  return out;
}

/**
 * `n` uniform 32-bit words. The layout is two halves (all first words, then all second words), the one that a
 * graph computes without interleaving.
 */
export function bits(from: Key, n: number): Uint32Array {
  const half = (n + 1) >> 1;
  const out = new Uint32Array(half * 2);
  const pair = new Uint32Array(2);
  for (let i = 0; i < half; i++) {
    block(from[0], from[1], i, 0, pair, 0);
    out[i] = pair[0]!;
    out[half + i] = pair[1]!;
  }
  return n === out.length ? out : out.slice(0, n);
}

/** `n` floats in [0, 1), multiples of 2^-24: exact in f32. */
export function uniform(from: Key, n: number): Float32Array {
  const words = bits(from, n);
  const out = new Float32Array(n);
  for (let i = 0; i < n; i++) out[i] = (words[i]! >>> 8) * 2 ** -24;
  return out;
}

/** `n` standard normal floats (Box-Muller on pairs of uniforms). */
export function normal(from: Key, n: number): Float32Array {
  const half = (n + 1) >> 1;
  const words = bits(from, half * 2);
  const out = new Float32Array(half * 2);
  for (let i = 0; i < half; i++) {
    const radius = Math.sqrt(-2 * Math.log(((words[i]! >>> 8) + 1) * 2 ** -24));
    const angle = 2 * Math.PI * ((words[half + i]! >>> 8) * 2 ** -24);
    out[i] = radius * Math.cos(angle);
    out[half + i] = radius * Math.sin(angle);
  }
  return n === out.length ? out : out.slice(0, n);
}

/** A uniform permutation of 0..n-1 (Fisher-Yates with rejection, so no modulo bias). */
export function permutation(from: Key, n: number): Int32Array {
  const out = new Int32Array(n);
  for (let i = 0; i < n; i++) out[i] = i;
  const next = integers(from);
  for (let i = n - 1; i > 0; i--) {
    const j = next(i + 1);
    const held = out[i]!;
    out[i] = out[j]!;
    out[j] = held;
  }
  return out;
}

/** A stream of uniform integers below a bound; the closure is the only state. */
export function integers(from: Key): (below: number) => number {
  const pair = new Uint32Array(2);
  let counter = 0;
  const word = () => {
    if ((counter & 1) === 0) block(from[0], from[1], counter >> 1, 1, pair, 0);
    return pair[counter++ & 1]!;
  };
  return (below) => {
    const limit = Math.floor(2 ** 32 / below) * below;
    let w = word();
    while (w >= limit) w = word();
    return w % below;
  };
}
