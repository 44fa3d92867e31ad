/**
 * Attention of one block. Layers that share a map (EchoAtt, Rajabzadeh et al. 2024) use the leader's softmax(q·kᵀ) on
 * values of their own; a layer without followers may take a fused operation, which has no map.
 */
import { type Inputs, layers, type Scope } from "../../nn/index.ts";
import type { Shape, Tensor } from "../../tensor/index.ts";
import { rotaryPositions, scaledDotProductAttention } from "../../tensor/ops/index.ts";
import type { DecoderConfig } from "./config.ts";
import { rotaryFrequencies } from "./frequencies.ts";
import { matrixInit, residualInit, zeros } from "./initial.ts";
import { stackedLinear } from "./stacked-linear.ts";

const { attentionWeights, linear, rmsNorm } = layers;

/** Where keys and values come from. q [B, H, T, E]; k, v [B, G, T, E], all of the tokens at hand and rotated already. */
export interface Attention {
  /** softmax(q·kᵀ/√E + mask)·v, [B, H, T, E]. */
  attend(layer: number, q: Tensor, k: Tensor, v: Tensor): Tensor;
  /** The same with its map, of a layer that others follow. */
  lead(layer: number, q: Tensor, k: Tensor, v: Tensor): { readonly map: Tensor; readonly mixed: Tensor };
  /** softmax(q·kᵀ/√E + mask) alone, [B, H, T, S]. */
  map(layer: number, q: Tensor, k: Tensor): Tensor;
  /** map·v for a map made before, [B, H, T, E]. */
  mix(layer: number, map: Tensor, v: Tensor): Tensor;
}

/** Over the sequence itself: every token sees itself and what came before it, in its own segment. */
export function fullAttention({ segments }: Inputs): Attention {
  const mask = segments && sameSegment(segments);
  const options = { causal: true, ...(mask && { mask }) };
  const weights = (q: Tensor, k: Tensor) => attentionWeights(q, k, options);
  return {
    attend: (_layer, q, k, v) => scaledDotProductAttention(q, k, v, options),
    lead(_layer, q, k, v) {
      const map = weights(q, k);
      return { map, mixed: mixValues(map, v) };
    },
    map: (_layer, q, k) => weights(q, k),
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
  /** Of the tokens, [B, T]. */
  readonly shape: Shape;
  /** Places of the tokens, i32 [B, T]; 0, 1, .. where not given. */
  readonly positions: Tensor | undefined;
  /** Maps of leaders that have followers, filled on the way. */
  readonly maps: Map<number, Tensor>;
}

/** x [B·T, D], normalised -> what the block adds to the stream, [B·T, D]. */
export function attention(
  block: Scope,
  x: Tensor,
  config: DecoderConfig,
  layer: number,
  { how, shape, positions, maps }: AttentionContext,
): Tensor {
  const { heads, keyHeads, headWidth, biases: bias, leaders } = config;
  const into = { bias, init: matrixInit, biasInit: zeros };
  const cut = (flat: Tensor, count: number) => flat.reshape([...shape, count, headWidth]);
  let mixed: Tensor;
  if (leaders[layer] !== layer) {
    const v = block.tap("v", headsFirst(cut(linear(block.at("v"), x, keyHeads * headWidth, into), keyHeads)));
    mixed = how.mix(layer, maps.get(leaders[layer]!)!, v);
  } else {
    const counts = [heads, keyHeads, keyHeads];
    const all = stackedLinear(
      block.at("qkv"),
      x,
      counts.map((n) => n * headWidth),
      bias,
    ).map((flat, i) => cut(flat, counts[i]!)) as [Tensor, Tensor, Tensor];
    const q = block.tap("q", headsFirst(placed(block.at("qnorm"), all[0], config, positions)));
    const k = block.tap("k", headsFirst(placed(block.at("knorm"), all[1], config, positions)));
    const v = block.tap("v", headsFirst(all[2]));
    const leads = leaders.some((leader, i) => leader === layer && i !== layer);
    if (leads) {
      const led = how.lead(layer, q, k, v);
      maps.set(layer, block.tap("attention", led.map));
      mixed = led.mixed;
    } else {
      block.tap("attention", how.map(layer, q, k));
      mixed = how.attend(layer, q, k, v);
    }
  }
  const joined = headsFirst(mixed).reshape([-1, heads * headWidth]);
  return linear(block.at("proj"), joined, config.width, { ...into, init: residualInit(config) });
}

/** [B, T, H, E] to [B, H, T, E], and back. */
const headsFirst = (t: Tensor): Tensor => t.transpose([0, 2, 1, 3]);

/** Queries or keys [B, T, H, E], normed and turned where the model does that. */
function placed(scope: Scope, x: Tensor, config: DecoderConfig, positions: Tensor | undefined): Tensor {
  const { queryKeyNorm, normEpsilon: eps, context } = config;
  const normed = queryKeyNorm ? rmsNorm(scope, x, { eps }) : x;
  return config.positions === "rotary"
    ? rotaryPositions(normed, { frequencies: rotaryFrequencies(config), context, ...(positions && { positions }) })
    : normed;
}
