/**
 * The control in which followers lose their attention altogether (arm vi): what they would mix is nothing. The layout
 * stays that of the sharing decoder, so that everything else is the same; the followers' value and output matrices are
 * in it and never used.
 */
import { type Decoder, type DecoderConfig, decode, followersOf, fullAttention } from "../../language/decoder/index.ts";
import { defineModel } from "../../nn/index.ts";
import { constant, type Tensor, zeros } from "../../tensor/index.ts";

/** A decoder whose followers (by `config.leaders`) have no attention. */
export function withoutFollowers(config: DecoderConfig): Decoder {
  const followers = new Set(followersOf(config));
  const model = defineModel(
    "decoder without the attention of followers",
    [config.context],
    (scope, tokens, inputs) => {
      const full = fullAttention(inputs);
      let nothing: Tensor | undefined;
      return decode(config, scope, tokens, inputs, {
        ...full,
        mix: (layer, map, v) => {
          if (!followers.has(layer)) return full.mix(layer, map, v);
          const [batch, length] = tokens.shape as [number, number];
          nothing ??= constant(zeros([batch, config.heads, length, config.headWidth]));
          return nothing;
        },
      });
    },
    { classes: config.vocabulary, inputDtype: "i32" },
  );
  return { config, model };
}

/** Parameters that are in the layout and never used: values and output of followers. */
export function unusedParameters(config: DecoderConfig): number {
  const { width, heads, keyHeads, headWidth, biases } = config;
  const values = keyHeads * headWidth * (width + (biases ? 1 : 0));
  return followersOf(config).length * (values + width * heads * headWidth);
}
