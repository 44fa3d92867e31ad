/**
 * A decoder-only transformer as a model of tokens: one forward function for training, scoring and decoding. What differs
 * is the place of the keys and values (`attention.ts`): in the sequence itself, or partly in a cache.
 */
import { fail } from "../../errors.ts";
import { defineModel, type Inputs, layers, type Model, type Scope } from "../../nn/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import { geluTanh } from "../../tensor/ops/index.ts";
import { type Attention, attention, fullAttention } from "./attention.ts";
import { checked, type DecoderConfig } from "./config.ts";
import { matrixInit, residualInit, zeros } from "./initial.ts";
import { stackedLinear } from "./stacked-linear.ts";

const { layerNorm, linear, rmsNorm } = layers;

export interface Decoder {
  readonly config: DecoderConfig;
  /** tokens i32 [B, T] -> logits [B, T, vocabulary]; see {@link decoder} for its inputs, parameters and taps. */
  readonly model: Model;
}

/**
 * tokens i32 [B, T], T <= context -> logits [B, T, vocabulary].
 *
 * Further inputs, all optional: `positions` i32 [B, T] (0, 1, .. where not given), `segments` i32 [B, T] (a token sees
 * only its own segment; for packed documents). `how` replaces the attention, for decoding with a cache.
 *
 * Parameters: embed.weight [V, D], positions.weight [context, D] if learned; per block i: blocks.i.norm1.weight,
 * blocks.i.qkv.weight [(H + 2G)·E, D] (queries, keys, values; a follower has only values, blocks.i.v.weight [G·E, D]),
 * blocks.i.qnorm.weight and .knorm.weight [E], blocks.i.proj.weight [D, H·E], blocks.i.norm2.weight,
 * blocks.i.gate_up.weight [2F, D] or blocks.i.up.weight [F, D], blocks.i.down.weight [D, F]; norm.weight,
 * head.weight [V, D] unless tied; biases beside them. Taps: "embedding", "stage1".. (the residual stream after each
 * block), "features" (after the last norm), and per block "blocks.i.q", ".k", ".v", ".attention" (the map).
 */
export function decoder(config: DecoderConfig, name = "decoder"): Decoder {
  checked(config);
  const forward = (scope: Scope, tokens: Tensor, inputs: Inputs) =>
    decode(config, scope, tokens, inputs, fullAttention(inputs));
  return {
    config,
    model: defineModel(name, [config.context], forward, { classes: config.vocabulary, inputDtype: "i32" }),
  };
}

/** The forward pass itself, over any attention. @throws E_INPUT */
export function decode(config: DecoderConfig, scope: Scope, tokens: Tensor, inputs: Inputs, how: Attention): Tensor {
  const { vocabulary, context, width } = config;
  const length = Number(tokens.shape[1]);
  if (length > context) {
    fail("E_INPUT", `A decoder got sequences of ${length} tokens.`, `Its context holds ${context}.`);
  }
  const words = scope.at("embed").param("weight", [vocabulary, width], matrixInit);
  let x = words.gather(tokens);
  if (config.positions === "learned") {
    const table = scope.at("positions").param("weight", [context, width], matrixInit);
    x = x.add(inputs.positions ? table.gather(inputs.positions) : table.slice(0, 0, length));
  }
  scope.tap("embedding", x);
  // All but attention sees rows, [B·T, D]: a sum behind a product of rows is taken inside the product.
  const shaped = (rows: Tensor) => rows.reshape([...tokens.shape, Number(rows.shape.at(-1))]);
  x = x.reshape([-1, width]);
  const about = { how, shape: tokens.shape, positions: inputs.positions, maps: new Map<number, Tensor>() };
  for (let i = 0; i < config.layers; i++) {
    const block = scope.at("blocks").at(i);
    x = x.add(attention(block, normed(config, block.at("norm1"), x), config, i, about));
    x = x.add(feedForward(config, block, normed(config, block.at("norm2"), x)));
    scope.tap(`stage${i + 1}`, shaped(x));
  }
  const features = normed(config, scope.at("norm"), x);
  scope.tap("features", shaped(features));
  return shaped(
    config.tied
      ? features.matmul(words, { transB: true })
      : linear(scope.at("head"), features, vocabulary, { bias: false, init: matrixInit }),
  );
}

function normed({ norm, normEpsilon: eps }: DecoderConfig, scope: Scope, x: Tensor): Tensor {
  return norm === "rms" ? rmsNorm(scope, x, { eps }) : layerNorm(scope, x, { eps });
}

function feedForward(config: DecoderConfig, block: Scope, x: Tensor): Tensor {
  const { width, inner, biases: bias } = config;
  const into = { bias, init: matrixInit, biasInit: zeros };
  const back = { ...into, init: residualInit(config) };
  if (config.feedForward === "swiglu") {
    const [gate, up] = stackedLinear(block.at("gate_up"), x, [inner, inner], bias) as [Tensor, Tensor];
    return linear(block.at("down"), gate.silu().mul(up), width, back);
  }
  const up = linear(block.at("up"), x, inner, into);
  return linear(block.at("down"), config.feedForward === "gelu" ? up.gelu() : geluTanh(up), width, back);
}

/** Trained numbers without embeddings and output matrix: the N of scaling laws. */
export function bodySize({ model }: Decoder): number {
  const outside = /^(embed|positions|head)\./;
  return model.params.entries.reduce((sum, { path, size }) => (outside.test(path) ? sum : sum + size), 0);
}
