/**
 * Scaled dot-product attention (Vaswani et al. 2017). Its derivative is that of its parts: softmax sums its cotangent on
 * the narrow side (row-dots.ts), and the emitter shares what forward and backward both need.
 */
import { fail } from "../../errors.ts";
import { constant } from "../graph.ts";
import type { HostTensor } from "../host.ts";
import { broadcast, fixed, sameShape, show } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { add, cast, greater, where } from "./elementwise.ts";
import { range } from "./indexing.ts";
import { matmul } from "./matmul.ts";
import { softmax } from "./reduce.ts";
import { expandDims, reshape } from "./shaping.ts";

export interface AttentionOptions {
  /** A query sees keys up to its own place; the last query sees all keys (T <= S). */
  readonly causal?: boolean;
  /** Broadcast to [B, H, T, S]: true = visible, or numbers added to the scaled scores. */
  readonly mask?: Tensor;
  /** Factor on q·k; default 1 / sqrt(D). */
  readonly scale?: number;
}

/**
 * Score of what must not be seen: its exp is 0, and finite, so that a row with nothing visible gives equal weights in
 * place of NaN.
 */
export const HIDDEN = -1e30;

/** Of one stack of matrices. */
function attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | undefined, scale: number): Tensor {
  const scores = matmul(q, k, { transB: true, alpha: scale });
  return matmul(softmax(mask ? add(scores, mask) : scores), v);
}

/** All layers of a model share one mask: the emitter recognises a constant by its memory. */
const causalMasks = new Map<string, HostTensor>();

/** Numbers in a mask that is written down; a longer one is computed where it is needed, of two ranges. */
const LARGEST = 2 ** 22;

/** [T, S] additive mask of "no later than my own place, counted from the end". */
export function causalMask(t: number, s: number, dtype: "f32" | "f64"): Tensor {
  if (t * s > LARGEST) {
    const hidden = greater(range(s), add(expandDims(range(t), [1]), s - t));
    return cast(where(hidden, HIDDEN, 0), dtype);
  }
  const name = `${dtype}[${t},${s}]`;
  let value = causalMasks.get(name);
  if (!value) {
    const data = new (dtype === "f32" ? Float32Array : Float64Array)(t * s);
    for (let i = 0; i < t; i++) data.fill(HIDDEN, i * s + i + s - t + 1, (i + 1) * s);
    value = { dtype, shape: [t, s], data };
    causalMasks.set(name, value);
  }
  return constant(value);
}

/**
 * softmax(q·kᵀ·scale + mask)·v. q [B, H, T, D], k [B, G, S, D], v [B, G, S, E] -> [B, H, T, E]; H a multiple of G:
 * consecutive query heads share a key head (grouped-query attention). Errors: `E_SHAPE`.
 */
export function scaledDotProductAttention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {}): Tensor {
  const { causal = false } = options;
  const bad = (hint: string) =>
    fail("E_SHAPE", `Attention of q ${show(q.shape)}, k ${show(k.shape)} and v ${show(v.shape)}.`, hint);
  if (q.rank !== 4 || k.rank !== 4 || v.rank !== 4) return bad("Expected [B, H, T, D], [B, G, S, D] and [B, G, S, E].");
  const [heads, t, d] = fixed(q.shape.slice(1)) as [number, number, number];
  const [shared, s, width] = fixed(v.shape.slice(1)) as [number, number, number];
  const batch = q.shape[0]!;
  if (!sameShape(k.shape, [batch, shared, s, d]) || v.shape[0] !== batch) bad(`Expected k [${[batch, shared, s, d]}].`);
  if (heads % shared !== 0) bad("The number of query heads must be a multiple of the number of key heads.");
  if (causal && t > s) bad("With a causal mask there must be at least as many keys as queries.");
  const { scale = 1 / Math.sqrt(d) } = options;
  const repeat = heads / shared;
  let mask = options.mask && additive(options.mask, q, [batch, heads, t, s]);
  if (causal) {
    const later = causalMask(t, s, q.dtype as "f32" | "f64");
    mask = mask ? add(mask, later) : later;
  }
  if (repeat === 1) return attend(q, k, v, mask, scale);
  // Query heads that share a key head become rows of one product.
  const rows = [batch, shared, repeat * t];
  const grouped = mask && groupMask(mask, shared, repeat, t);
  return reshape(attend(reshape(q, [...rows, d]), k, v, grouped, scale), [batch, heads, t, width]);
}

function additive(mask: Tensor, q: Tensor, scores: readonly (number | string)[]): Tensor {
  const added = mask.dtype === "bool" ? where(mask, 0, HIDDEN) : mask;
  const cased = mask.dtype === "bool" ? cast(added, q.dtype) : added;
  if (cased.dtype !== q.dtype || !sameShape(broadcast(mask.shape, scores, "attention mask"), scores)) {
    fail(
      "E_SHAPE",
      `Attention with scores ${q.dtype}${show(scores)} and a mask ${mask.dtype}${show(mask.shape)}.`,
      "The mask must be bool or of the same dtype, and broadcast to the scores.",
    );
  }
  return cased;
}

/** [B|1, H|1, T|1, S|1] to the rows of grouped heads, [B|1, G|1, repeat·T, S|1]. */
function groupMask(mask: Tensor, shared: number, repeat: number, t: number): Tensor {
  const aligned = reshape(mask, [...Array<number>(4 - mask.rank).fill(1), ...mask.shape]);
  const [b, h, , columns] = aligned.shape as [number, number, number, number];
  const groups = h === 1 ? 1 : shared;
  const apart = reshape(aligned, [b, groups, h === 1 ? 1 : repeat, aligned.shape[2]!, columns]);
  return reshape(apart.broadcastTo([b, groups, repeat, t, columns]), [b, groups, repeat * t, columns]);
}
