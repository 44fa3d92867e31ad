/**
 * Multi-head self-attention (Vaswani et al. 2017) with one fused projection for queries, keys and values: a single
 * GEMM, a single transpose, then contiguous cuts along the head axis.
 */
import { fail } from "../../errors.ts";
import { HIDDEN, type Tensor } from "../../tensor/index.ts";
import { causalMask } from "../../tensor/ops/attention.ts";
import { concat, rotaryPositions, scaledDotProductAttention } from "../../tensor/ops/index.ts";
import type { Scope } from "../scope.ts";
import { type LinearOptions, linear } from "./linear.ts";

export interface AttentionLayerOptions {
  readonly heads: number;
  /** Heads of keys and values; fewer than `heads` is grouped-query attention (Ainslie et al. 2023). */
  readonly keyHeads?: number;
  readonly causal?: boolean;
  /** Rotary positions on queries and keys. */
  readonly rotary?: boolean;
  /** Broadcast to [B, H, T, T]: true = visible, or numbers added to the scores. */
  readonly mask?: Tensor;
  /** Options of both projections. */
  readonly linear?: LinearOptions;
}

/**
 * x [B, T, D] -> [B, T, D]. Parameters: qkv.weight [(H + 2G)·D/H, D] (queries, keys, values in this order), proj.weight
 * [D, D], with biases. Taps: "q", "k", "v" [B, H or G, T, D/H] and "attention" [B, H, T, T], the weights after softmax.
 */
export function multiHeadAttention(scope: Scope, x: Tensor, options: AttentionLayerOptions): Tensor {
  const { heads, keyHeads = heads, causal = false, mask } = options;
  const [length, width] = x.shape.slice(1).map(Number) as [number, number];
  if (x.rank !== 3 || width % heads !== 0 || heads % keyHeads !== 0) {
    fail(
      "E_SHAPE",
      `Attention with ${heads} heads (${keyHeads} for keys) got ${x}.`,
      "Expected [B, T, D] with D a multiple of heads, and heads a multiple of keyHeads.",
    );
  }
  const size = width / heads;
  const fused = linear(scope.at("qkv"), x, (heads + 2 * keyHeads) * size, options.linear);
  const apart = fused.reshape([x.shape[0]!, length, heads + 2 * keyHeads, size]);
  const placed = options.rotary ? turned(apart, heads + keyHeads) : apart;
  const [q, k, v] = placed.transpose([0, 2, 1, 3]).split(1, [heads, keyHeads, keyHeads]) as [Tensor, Tensor, Tensor];
  scope.tap("q", q);
  scope.tap("k", k);
  scope.tap("v", v);
  scope.tap("attention", attentionWeights(q, k, { causal, ...(mask && { mask }) }));
  const mixed = scaledDotProductAttention(q, k, v, { causal, ...(mask && { mask }) });
  const joined = mixed.transpose([0, 2, 1, 3]).reshape(x.shape);
  return linear(scope.at("proj"), joined, width, options.linear);
}

/** Heads [B, T, N, E] of which the first ones are turned by their places. */
function turned(heads: Tensor, count: number): Tensor {
  const [first, rest] = heads.split(2, [count, Number(heads.shape[2]) - count]) as [Tensor, Tensor];
  return concat([rotaryPositions(first), rest], 2);
}

/**
 * softmax(q·kᵀ/√D + mask) itself, [B, H, T, S], for losses on attention maps. q [B, H, T, D], k [B, G, S, D]. Costs
 * nothing unless something reads it.
 */
export function attentionWeights(
  q: Tensor,
  k: Tensor,
  { causal = false, mask }: { readonly causal?: boolean; readonly mask?: Tensor } = {},
): Tensor {
  const [batch, heads, t, size] = q.shape as [number, number, number, number];
  const [, keyHeads, s] = k.shape as [number, number, number];
  const rows = q.reshape([batch, keyHeads, (heads / keyHeads) * t, size]);
  let scores = rows.matmul(k, { transB: true, alpha: 1 / Math.sqrt(size) }).reshape([batch, heads, t, s]);
  if (mask) scores = mask.dtype === "bool" ? mask.where(scores, HIDDEN) : scores.add(mask);
  if (causal) scores = scores.add(causalMask(t, s, q.dtype as "f32" | "f64"));
  return scores.softmax();
}
