/**
 * Attention over keys and values kept from earlier runs: the one thing in a decoder that is not a function of single
 * tokens. n tokens of b sequences come in one after the other, n / b of each; caches are [b, G, s, E].
 *
 * Writing is a function from cache to cache, as everything in a graph. Where a caller gives the same memory as input and
 * as output, ONNX Runtime's kernels (GroupQueryAttention, ScatterND) see equal pointers and write the new rows only;
 * where it cannot, they copy, and the result is the same.
 */
import { fail } from "../../errors.ts";
import { apply, type Emitter, Node, type Op } from "../graph.ts";
import { show } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { HIDDEN } from "./attention.ts";

/** Where the tokens of this run stand. */
export interface CachePlaces {
  /** Place of every token in its sequence, i32 [n, 1]. */
  readonly positions: Tensor;
  /** Place of the last token of every sequence, i32 [b]. */
  readonly last: Tensor;
  /** Length of the longest sequence, i32 [1]. */
  readonly total: Tensor;
}

const MICROSOFT = { domain: "com.microsoft" };

const scalarFrom = (e: Emitter, vector: string) => e.op("Reshape", [vector, e.i64([])]);
/** [b, ...rest] as a shape; rest may have one -1. */
const perSequence = (e: Emitter, last: string, rest: readonly number[]) =>
  e.op("Concat", [e.op("Shape", [last]), e.i64(rest)], { axis: 0 });

/** Which keys a query may see, bool [b, 1, repeat·t, s]: one row per query head of a group and token. */
function visible(e: Emitter, keys: string, positions: string, last: string, repeat: number): string {
  const capacity = scalarFrom(e, e.op("Gather", [e.op("Shape", [keys]), e.i64([2])]));
  const columns = e.op("Range", [e.scalar(0, "i32"), e.op("Cast", [capacity], { to: "i32" }), e.scalar(1, "i32")]);
  const place = e.op("Reshape", [positions, perSequence(e, last, [1, 1, -1])]);
  const zeros = e.constant({ dtype: "i32", shape: [repeat, 1], data: new Int32Array(repeat) });
  const rows = e.op("Reshape", [e.op("Add", [place, zeros]), e.i64([0, 1, -1, 1])]);
  return e.op("LessOrEqual", [columns, rows]);
}

/** GroupQueryAttention's `qk_output`: the weights themselves, after softmax. */
const AFTER_SOFTMAX = 2;

const FUSED: Op = {
  name: "cachedAttention",
  lower: (e, n, [q, k, v, keys, values, last, total, positions]) => {
    const [heads, , width] = n.inputs[0]!.shape.slice(1) as [number, number, number];
    const shared = Number(n.inputs[1]!.shape[1]);
    const leads = n.outputs.length > 3;
    const flat = (name: string, count: number) => e.op("Reshape", [name, perSequence(e, last!, [-1, count * width])]);
    const [mixed, newKeys, newValues, weights] = e.ops(
      leads ? 4 : 3,
      "GroupQueryAttention",
      [flat(q!, heads), flat(k!, shared), flat(v!, shared), keys!, values!, last!, total!],
      { num_heads: heads, kv_num_heads: shared, ...(leads && { qk_output: AFTER_SOFTMAX }) },
      MICROSOFT,
    );
    const out = [e.op("Reshape", [mixed!, e.i64([-1, heads, 1, width])]), newKeys!, newValues!];
    if (!leads) return out;
    // [b, H, t, total] -> [b, H, t, s]: followers multiply whole caches, and a cache cannot be cut without a copy.
    const capacity = e.op("Gather", [e.op("Shape", [keys!]), e.i64([2])]);
    const missing = e.op("Sub", [capacity, e.op("Cast", [total!], { to: "i64" })]);
    const pads = e.op("Concat", [e.i64([0, 0, 0, 0, 0, 0, 0]), missing], { axis: 0 });
    const whole = e.op("Pad", [weights!, pads]);
    const map = e.op("Reshape", [whole, e.op("Concat", [e.i64([0, shared, -1]), capacity], { axis: 0 })]);
    // Behind the end of a shorter sequence the kernel leaves what was there.
    return [...out, e.op("Where", [visible(e, keys!, positions!, last!, heads / shared), map, e.scalar(0, "f32")])];
  },
};

/** The fused kernel wants heads of a multiple of 8. */
export const hasFusedCache = (headWidth: number): boolean => headWidth % 8 === 0;

/**
 * Causal softmax(q·kᵀ/√E)·v over the caches and this run's own tokens, which are added to the caches: q [n, H, 1, E], k
 * and v [n, G, 1, E], rotated already. ONNX Runtime's kernel reads no further than a sequence is long. It takes several
 * tokens of a sequence that has earlier ones only where b = 1. Not for portable graphs. Errors: `E_SHAPE`.
 */
export function cachedAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  keys: Tensor,
  values: Tensor,
  { last, total }: CachePlaces,
): { mixed: Tensor; keys: Tensor; values: Tensor } {
  const [mixed, newKeys, newValues] = fusedNode(q, k, v, keys, values, [last, total]).outputs;
  return { mixed: mixed!, keys: newKeys!, values: newValues! };
}

/** {@link cachedAttention} with its weights, for {@link cacheMix}: those of a layer whose map others follow. */
export function leadingAttention(
  ...given: Parameters<typeof cachedAttention>
): ReturnType<typeof cachedAttention> & { map: Tensor } {
  const [q, k, v, keys, values, places] = given;
  const like = { dtype: q.dtype, shape: [keys.shape[0]!, keys.shape[1]!, "rows", keys.shape[2]!] };
  const { last, total, positions } = places;
  const [mixed, newKeys, newValues, map] = fusedNode(q, k, v, keys, values, [last, total, positions], [like]).outputs;
  return { mixed: mixed!, keys: newKeys!, values: newValues!, map: map! };
}

function fusedNode(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  keys: Tensor,
  values: Tensor,
  places: readonly Tensor[],
  more: readonly Pick<Tensor, "dtype" | "shape">[] = [],
): Node {
  checkRows("cachedAttention", v, values);
  if (!hasFusedCache(Number(q.shape[3]))) {
    fail("E_SHAPE", `cachedAttention of heads ${show(q.shape)}.`, "The width of a head must be a multiple of 8.");
  }
  return new Node(FUSED, [q, k, v, keys, values, ...places], {}, [q, keys, values, ...more]);
}

const WRITE: Op = {
  name: "cacheWrite",
  lower: (e, n, [cache, rows, positions, last]) => {
    const [shared, , width] = n.inputs[1]!.shape.slice(1) as [number, number, number];
    const updates = e.op("Reshape", [rows!, perSequence(e, last!, [-1, shared, width])]);
    const place = e.op("Reshape", [e.op("Cast", [positions!], { to: "i64" }), perSequence(e, last!, [-1, 1, 1])]);
    const heads = e.op("Reshape", [e.i64(Array.from({ length: shared }, (_, g) => g)), e.i64([1, 1, shared, 1])]);
    const count = scalarFrom(e, e.op("Shape", [last!]));
    const sequences = e.op("Range", [e.scalar(0, "i64"), count, e.scalar(1, "i64")]);
    const sequence = e.op("Reshape", [sequences, e.i64([-1, 1, 1, 1])]);
    // Zeros of the full shape [b, t, G, 1]: adding them repeats along the other axes.
    const zeros = e.op("Mul", [e.op("Add", [place, heads]), e.scalar(0, "i64")]);
    const full = [sequence, heads, place].map((index) => e.op("Add", [index, zeros]));
    return e.op("ScatterND", [cache!, e.op("Concat", full, { axis: -1 }), updates]);
  },
};

/** The cache [b, G, s, E] with this run's rows [n, G, 1, E] at their places. Errors: `E_SHAPE`. */
export function cacheWrite(cache: Tensor, rows: Tensor, { positions, last }: CachePlaces): Tensor {
  checkRows("cacheWrite", rows, cache);
  return apply(WRITE, [cache, rows, positions, last], cache.dtype, cache.shape);
}

const MAP: Op = {
  name: "cacheMap",
  lower: (e, n, [q, keys, positions, last]) => {
    const [heads, , width] = n.inputs[0]!.shape.slice(1) as [number, number, number];
    const shared = Number(n.inputs[1]!.shape[1]);
    const repeat = heads / shared;
    const apart = e.op("Reshape", [q!, perSequence(e, last!, [-1, shared, repeat, width])]);
    const grouped = e.op("Reshape", [e.op("Transpose", [apart], { perm: [0, 2, 3, 1, 4] }), e.i64([0, 0, -1, width])]);
    const scores = e.op(
      "FusedMatMul",
      [grouped, keys!],
      { transA: 0, transB: 1, alpha: 1 / Math.sqrt(width) },
      MICROSOFT,
    );
    const seen = visible(e, keys!, positions!, last!, repeat);
    const mask = e.op("Where", [seen, e.scalar(0, "f32"), e.scalar(HIDDEN, "f32")]);
    return e.op("Softmax", [e.op("Add", [scores, mask])], { axis: -1 });
  },
};

/**
 * Causal softmax(q·kᵀ/√E) of this run's queries [n, H, 1, E] on all keys [b, G, s, E], its own tokens' included. The
 * result is for {@link cacheMix} alone: [b, G, H/G·t, s]. Costs grow with s, not with the length.
 */
export function cacheMap(q: Tensor, keys: Tensor, { positions, last }: CachePlaces): Tensor {
  return apply(MAP, [q, keys, positions, last], q.dtype, [keys.shape[0]!, keys.shape[1]!, "rows", keys.shape[2]!]);
}

const MIX: Op = {
  name: "cacheMix",
  lower: (e, n, [map, values]) => {
    const [heads, , width] = n.outputs[0]!.shape.slice(1) as [number, number, number];
    const mixed = e.op("MatMul", [map!, values!]);
    const apart = e.op("Reshape", [mixed, e.i64([0, heads, -1, width])]);
    const back = e.op("Transpose", [apart], { perm: [0, 2, 1, 3] });
    return e.op("Reshape", [back, e.i64([-1, heads, 1, width])]);
  },
};

/** map·v for values [b, G, s, E], as [n, heads, 1, E]. */
export function cacheMix(map: Tensor, values: Tensor, tokens: number | string, heads: number): Tensor {
  return apply(MIX, [map, values], values.dtype, [tokens, heads, 1, values.shape[3]!]);
}

function checkRows(what: string, rows: Tensor, cache: Tensor): void {
  const fits = rows.rank === 4 && cache.rank === 4 && rows.shape[2] === 1;
  if (!fits || rows.shape[1] !== cache.shape[1] || rows.shape[3] !== cache.shape[3]) {
    fail(
      "E_SHAPE",
      `${what} of rows ${show(rows.shape)} into ${show(cache.shape)}.`,
      "Expected [n, G, 1, E] and [b, G, s, E].",
    );
  }
}
