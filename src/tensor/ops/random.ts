/**
 * Random numbers inside a program, from a key that is itself a tensor: the same Threefry-2x32-20 as ../random.ts,
 * written as u32 nodes, so bits and uniforms equal the host's exactly and a training step draws fresh numbers
 * without being traced again.
 */
import { fail } from "../../errors.ts";
import { apply, constant, type Emitter, type Op } from "../graph.ts";
import { type HostTensor, host } from "../host.ts";
import { type Key, PARITY, ROTATIONS } from "../random.ts";
import { count, fixed, show } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { add, cast, cos, less, log, mul, neg, sin, sqrt } from "./elementwise.ts";
import { sort } from "./indexing.ts";
import { concat, reshape, slice } from "./shaping.ts";

const ROUNDS = 20;
/** Second counter word of {@link foldKey}, as in ../random.ts. */
const FOLD = 0x464f4c44;

/** A key as the value of a program's argument: its two words as i32[2]. */
export function keyValue([first, second]: Key): HostTensor {
  return host(Int32Array.of(first | 0, second | 0), [2]);
}

/** The two output words of every counter; c0 and c1 are names of u32 values that broadcast. */
function threefry(e: Emitter, key: string, c0: string, c1: string): [string, string] {
  const word = (value: number) => e.constant({ dtype: "u32", shape: [1], data: Uint32Array.of(value) });
  const plus = (a: string, b: string) => e.op("Add", [a, b]);
  const xor = (a: string, b: string) => e.op("BitwiseXor", [a, b]);
  const words = e.op("Cast", [key], { to: "u32" });
  const part = (i: number) => e.op("Slice", [words, e.i64([i]), e.i64([i + 1]), e.i64([0])]);
  const ks = [part(0), part(1)];
  ks.push(xor(xor(ks[0]!, ks[1]!), word(PARITY)));
  // Bits that leave a u32 product are lost, as in a shift; ONNX Runtime multiplies and adds faster than it shifts and
  // joins, and the two halves of a rotation share no bit.
  const rotate = (x: string, r: number) =>
    plus(e.op("Mul", [x, word(2 ** r)]), e.op("BitShift", [x, word(32 - r)], { direction: "RIGHT" }));
  let x0 = plus(c0, ks[0]!);
  let x1 = plus(c1, ks[1]!);
  for (let round = 0; round < ROUNDS; round++) {
    x0 = plus(x0, x1);
    x1 = xor(rotate(x1, ROTATIONS[round & 7]!), x0);
    if ((round & 3) === 3) {
      const s = (round + 1) >> 2;
      x0 = plus(x0, ks[s % 3]!);
      x1 = plus(x1, plus(ks[(s + 1) % 3]!, word(s)));
    }
  }
  return [x0, x1];
}

const BITS: Op = {
  name: "randomBits",
  lower: (e, n, [key]) => {
    const half = count(n.outputs[0]!.shape) / 2;
    const range = e.op("Range", [e.scalar(0, "i32"), e.scalar(half, "i32"), e.scalar(1, "i32")]);
    const zero = e.constant({ dtype: "u32", shape: [1], data: Uint32Array.of(0) });
    return e.op("Concat", threefry(e, key!, e.op("Cast", [range], { to: "u32" }), zero), { axis: 0 });
  },
};

/** An even number of words: all first words of the blocks, then all second ones. */
function words(key: Tensor, n: number): Tensor {
  if (key.dtype !== "i32" || key.rank !== 1 || key.shape[0] !== 2)
    fail("E_KEY", `${key.dtype}${show(key.shape)} is not a random key.`, "Pass keyValue(key) as an argument.");
  return apply(BITS, [key], "u32", [n + (n & 1)]);
}

const trimmed = (all: Tensor, shape: readonly number[]) => reshape(slice(all, 0, 0, count(shape)), shape);

/** Uniform u32 words, equal to `random.bits(key, size)` in row-major order. */
export function randomBits(key: Tensor, shape: readonly number[]): Tensor {
  return trimmed(words(key, count(shape)), shape);
}

const SHIFT_RIGHT: Op = {
  name: "shiftRight",
  lower: (e, n, [x]) => {
    const by = e.constant({ dtype: "u32", shape: [1], data: Uint32Array.of(n.attrs.by as number) });
    return e.op("BitShift", [x!, by], { direction: "RIGHT" });
  },
};
/** The `keep` highest bits of u32 words, as f32 (exact up to 24). */
function high(bits: Tensor, keep: number): Tensor {
  return cast(apply(SHIFT_RIGHT, [bits], "u32", bits.shape, { by: 32 - keep }), "f32");
}

/** f32 in [0, 1), equal to `random.uniform(key, size)`. */
export function randomUniform(key: Tensor, shape: readonly number[]): Tensor {
  return trimmed(mul(high(words(key, count(shape)), 24), 2 ** -24), shape);
}

/** Standard normal f32 by Box-Muller, equal to `random.normal(key, size)` up to f32 rounding. */
export function randomNormal(key: Tensor, shape: readonly number[]): Tensor {
  const all = high(words(key, count(shape)), 24);
  const half = fixed(all.shape)[0]! / 2;
  const radius = sqrt(mul(log(mul(add(slice(all, 0, 0, half), 1), 2 ** -24)), -2));
  const angle = mul(slice(all, 0, half), 2 * Math.PI * 2 ** -24);
  return trimmed(concat([mul(radius, cos(angle)), mul(radius, sin(angle))]), shape);
}

/** true with the given probability. */
export function randomBernoulli(key: Tensor, probability: number, shape: readonly number[]): Tensor {
  if (!(probability >= 0 && probability <= 1)) fail("E_RANGE", `${probability} is not a probability.`);
  return less(randomUniform(key, shape), probability);
}

/** Standard Gumbel f32: -log(-log(u)). Adding it to logits makes argmax a draw from their softmax. */
export function randomGumbel(key: Tensor, shape: readonly number[]): Tensor {
  // 23 bits and a half: neither 0 nor 1 is reached, even after rounding to f32.
  const u = mul(add(high(words(key, count(shape)), 23), 0.5), 2 ** -23);
  return trimmed(neg(log(neg(log(u)))), shape);
}

/** A random order of 0..n-1 (i32[n]), by sorting random words; not the order of the host's `permutation`. */
export function randomPermutation(key: Tensor, n: number): Tensor {
  return sort(cast(randomBits(key, [n]), "i32")).indices;
}

const FOLD_KEY: Op = {
  name: "foldKey",
  lower: (e, _n, [key, data, tag]) => {
    const u32 = (name: string) => e.op("Cast", [name], { to: "u32" });
    const pair = e.op("Concat", threefry(e, key!, u32(data!), u32(tag!)), { axis: 0 });
    return e.op("Cast", [pair], { to: "i32" });
  },
};
/** A key for one purpose, equal to `random.fold(key, data)`; `data` may be a step counter, an i32 scalar >= 0. */
export function foldKey(key: Tensor, data: number | Tensor): Tensor {
  const word = (value: number) => constant(host(Int32Array.of(value | 0), [1]));
  if (typeof data === "number" && !Number.isSafeInteger(data)) fail("E_KEY", `foldKey got ${data}.`, "Use an integer.");
  if (typeof data !== "number" && (data.dtype !== "i32" || count(data.shape) !== 1))
    fail("E_KEY", `foldKey got ${data}.`, "Use an integer or an i32 scalar.");
  const low = typeof data === "number" ? word(data % 2 ** 32) : reshape(data, [1]);
  const tag = word(typeof data === "number" ? FOLD ^ Math.floor(data / 2 ** 32) : FOLD);
  return apply(FOLD_KEY, [key, low, tag], "i32", [2]);
}
