/** Decoder-only transformers: their choices, their forward pass, attention that can be shared between layers. */
export { type Attention, fullAttention, mixValues } from "./attention.ts";
export { checked, type DecoderConfig, type DecoderSizes, followersOf, gpt2, llama } from "./config.ts";
export { bodySize, type Decoder, decode, decoder } from "./decoder.ts";
export { type RotaryScaling, rotaryFrequencies } from "./frequencies.ts";
