/**
 * GPT-2's architecture (Radford et al. 2019): learned positions, layer norm before each part, exact GELU, fused QKV
 * projection, biases; the output matrix is not tied to the embedding.
 */
import { fail } from "../../errors.ts";
import type { Tensor } from "../../tensor/index.ts";
import { normal, zeros } from "../init.ts";
import { dropout, embedding, layerNorm, linear, multiHeadAttention } from "../layers/index.ts";
import { defineModel, type Model } from "../model.ts";
import type { Scope } from "../scope.ts";

export interface GptOptions {
  readonly name?: string;
  readonly vocabulary: number;
  /** Longest sequence. */
  readonly context: number;
  readonly width: number;
  readonly heads: number;
  readonly layers: number;
  /** On embeddings and on both branches of every block. */
  readonly dropout?: number;
}

/** Standard deviation of all weights, GPT-2's. */
const INIT = normal(0.02);
const LINEAR = { init: INIT, biasInit: zeros };

/**
 * tokens i32 [B, T] with T <= context -> logits [B, T, vocabulary]. Parameters tok, pos, blocks.0.ln1, .qkv, .proj,
 * .ln2, .fc, .out, ..., lnf, head. Taps: "embedding", "stage1".. (the residual stream after each block), "features"
 * [B, T, width] (after the last norm), "features.pre" (before it), "output", and those of attention per block:
 * "blocks.0.q", ".k", ".v", ".attention".
 */
export function gpt({ vocabulary, context, width, heads, layers, name = "gpt", dropout: rate = 0 }: GptOptions): Model {
  return defineModel(
    name,
    [context],
    (scope, tokens) => {
      const length = Number(tokens.shape[1]);
      if (!(length <= context)) {
        fail("E_INPUT", `${name} got sequences of ${length} tokens.`, `Its context holds ${context}.`);
      }
      const words = embedding(scope.at("tok"), tokens, vocabulary, width, INIT);
      const positions = scope.at("pos").param("weight", [context, width], INIT);
      let x = dropout(scope.at("drop"), words.add(positions.slice(0, 0, length)), rate);
      scope.tap("embedding", x);
      for (let i = 0; i < layers; i++) {
        x = scope.tap(`stage${i + 1}`, block(scope.at("blocks").at(i), x, heads, rate));
      }
      scope.tap("features.pre", x);
      const features = scope.tap("features", layerNorm(scope.at("lnf"), x));
      return linear(scope.at("head"), features, vocabulary, { bias: false, init: INIT });
    },
    { classes: vocabulary, inputDtype: "i32" },
  );
}

function block(scope: Scope, x: Tensor, heads: number, rate: number): Tensor {
  const width = Number(x.shape.at(-1));
  const mixed = multiHeadAttention(scope, layerNorm(scope.at("ln1"), x), { heads, causal: true, linear: LINEAR });
  const y = x.add(dropout(scope.at("drop1"), mixed, rate));
  const inner = linear(scope.at("fc"), layerNorm(scope.at("ln2"), y), 4 * width, LINEAR).gelu();
  return y.add(dropout(scope.at("drop2"), linear(scope.at("out"), inner, width, LINEAR), rate));
}
