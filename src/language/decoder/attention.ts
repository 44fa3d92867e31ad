/**
 * Attention of one block. Layers that share a map (EchoAtt, Rajabzadeh et al. 2024) use the leader's softmax(q·kᵀ) on
 * values of their own; a layer without followers takes the fused operation, which never writes its map down.
 */
import { type Inputs, layers, type Scope } from "../../nn/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import { scaledDotProductAttention } from "../../tensor/ops/index.ts";
import type { DecoderConfig } from "./config.ts";
import { matrixInit, residualInit, zeros } from "./initial.ts";
import type { Rotate } from "./rotary.ts";

const { attentionWeights, linear, rmsNorm } = layers;

/** Where keys and values come from. q [B, H, T, E]; k, v [B, G, T, E], all of the tokens at hand and rotated already. */
export interface Attention {
  /** softmax(q·kᵀ/√E + mask)·v, [B, H, T, E]. */
  attend(layer: number, q: Tensor, k: Tensor, v: Tensor): Tensor;
  /** softmax(q·kᵀ/√E + mask) alone, [B, H, T, S]. */
  map(layer: number, q: Tensor, k: Tensor): Tensor;
  /** map·v for a map made before, [B, H, T, E]. */
  mix(layer: number, map: Tensor, v: Tensor): Tensor;
}

/** Over the sequence itself: every token sees itself and what came before it, in its own segment. */
export function fullAttention({ segments }: Inputs): Attention {
  const mask = segments && sameSegment(segments);
  const options = { causal: true, ...(mask && { mask }) };
  return {
    attend: (_layer, q, k, v) => scaledDotProductAttention(q, k, v, options),
    map: (_layer, q, k) => attentionWeights(q, k, options),
    mix: (_layer, map, v) => mixValues(map, v),
  };
}

/** segments i32 [B, T] -> bool [B, 1, T, T]. */
const sameSegment = (segments: Tensor): Tensor => segments.expandDims(1, 3).eq(segments.expandDims(1, 2));

/** map [B, H, T, S], v [B, G, S, E] -> [B, H, T, E]; consecutive query heads share a value head. */
export function mixValues(map: Tensor, v: Tensor): Tensor {
  const [batch, heads, t, s] = map.shape as [number, number, number, number];
  const [, shared, , width] = v.shape as [number, number, number, number];
  const rows = map.reshape([batch, shared, (heads / shared) * t, s]);
  return rows.matmul(v).reshape([batch, heads, t, width]);
}

export interface AttentionContext {
  readonly how: Attention;
  readonly rotate: Rotate | undefined;
  /** Maps of leaders that have followers, filled on the way. */
  readonly maps: Map<number, Tensor>;
}

/** x [B, T, D], normalised -> what the block adds to the stream, [B, T, D]. */
export function attention(
  block: Scope,
  x: Tensor,
  config: DecoderConfig,
  layer: number,
  { how, rotate, maps }: AttentionContext,
): Tensor {
  const { heads, keyHeads, headWidth, biases: bias, leaders } = config;
  const [batch, length] = x.shape as [number, number];
  const into = { bias, init: matrixInit, biasInit: zeros };
  const cut = (flat: Tensor, count: number) => flat.reshape([batch, length, count, headWidth]).transpose([0, 2, 1, 3]);
  let mixed: Tensor;
  if (leaders[layer] !== layer) {
    const v = block.tap("v", cut(linear(block.at("v"), x, keyHeads * headWidth, into), keyHeads));
    mixed = how.mix(layer, maps.get(leaders[layer]!)!, v);
  } else {
    const all = cut(linear(block.at("qkv"), x, (heads + 2 * keyHeads) * headWidth, into), heads + 2 * keyHeads);
    const [q, k, v] = turned(block, all, config, rotate);
    block.tap("q", q);
    block.tap("k", k);
    block.tap("v", v);
    const leads = leaders.some((leader, i) => leader === layer && i !== layer);
    if (leads) {
      const map = block.tap("attention", how.map(layer, q, k));
      maps.set(layer, map);
      mixed = how.mix(layer, map, v);
    } else {
      block.tap("attention", how.map(layer, q, k));
      mixed = how.attend(layer, q, k, v);
    }
  }
  const joined = mixed.transpose([0, 2, 1, 3]).reshape([batch, length, heads * headWidth]);
  return linear(block.at("proj"), joined, config.width, { ...into, init: residualInit(config) });
}

/** Queries and keys, normed if the model does that and rotated together where both are one piece; and values. */
function turned(
  block: Scope,
  all: Tensor,
  { heads, keyHeads, queryKeyNorm, normEpsilon: eps }: DecoderConfig,
  rotate: Rotate | undefined,
): [Tensor, Tensor, Tensor] {
  const turn = rotate ?? ((t: Tensor) => t);
  if (queryKeyNorm) {
    const [q, k, v] = all.split(1, [heads, keyHeads, keyHeads]) as [Tensor, Tensor, Tensor];
    return [turn(rmsNorm(block.at("qnorm"), q, { eps })), turn(rmsNorm(block.at("knorm"), k, { eps })), v];
  }
  const [both, v] = all.split(1, [heads + keyHeads, keyHeads]) as [Tensor, Tensor];
  const [q, k] = turn(both).split(1, [heads, keyHeads]) as [Tensor, Tensor];
  return [q, k, v];
}
