import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { llama, rotaryFrequencies } from "../decoder/index.ts";
import { familyOf, readConfig, writeConfig } from "./config-file.ts";
import { fixture } from "./testing.ts";

const file = (name: string, change: object = {}): object => ({
  ...(JSON.parse(readFileSync(`${fixture(name)}/config.json`, "utf8")) as object),
  ...change,
});

test.each<[string, object, string, string]>([
  ["unknown architecture", file("llama", { architectures: ["Gemma3ForCausalLM"] }), "E_DECODER", "Gemma3ForCausalLM"],
  ["a classifier", file("llama", { architectures: ["LlamaForSequenceClassification"] }), "E_DECODER", "architecture"],
  ["no architecture", { vocab_size: 3 }, "E_DECODER", 'architecture "none"'],
  ["activation", file("llama", { hidden_act: "gelu" }), "E_DECODER", 'hidden_act "gelu"'],
  ["stretching", file("llama", { rope_parameters: { rope_type: "yarn", factor: 4 } }), "E_DECODER", "rope_parameters"],
  ["stretching without a factor", file("llama", { rope_parameters: { type: "linear" } }), "E_DECODER", "number factor"],
  ["heads turned in part", file("llama", { partial_rotary_factor: 0.5 }), "E_DECODER", "partial_rotary_factor 0.5"],
  [
    "scaled by layer",
    file("gpt2", { scale_attn_by_inverse_layer_idx: true }),
    "E_DECODER",
    "by_inverse_layer_idx true",
  ],
  ["unscaled scores", file("gpt2", { scale_attn_weights: false }), "E_DECODER", "scale_attn_weights false"],
  ["GPT-2's activation", file("gpt2", { activation_function: "relu" }), "E_DECODER", 'activation_function "relu"'],
  ["heads", file("llama", { num_key_value_heads: 3 }), "E_DECODER", "4 heads on 3 key heads"],
  ["a size that is missing", file("llama", { hidden_size: undefined }), "E_DECODER_FILE", "at hidden_size"],
  ["a list", [], "E_DECODER_FILE", "describes no decoder"],
  ["odd leaders", file("llama", { attention_sharing: { leaders: [1, 1] } }), "E_DECODER", "leaders [1,1]"],
])("refused by name: %s", (_what, json, code, text) => {
  expect(() => readConfig(json, "config.json")).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(text) }),
  );
});

test("fields of transformers 4", () => {
  const old = { rope_parameters: undefined, rope_theta: 123, rope_scaling: { type: "linear", factor: 2 } };
  expect(readConfig(file("llama", old), "").config).toMatchObject({
    rotaryBase: 123,
    rotaryScaling: { kind: "linear", factor: 2 },
  });
  const typed = { architectures: undefined, num_key_value_heads: undefined, head_dim: undefined };
  expect(readConfig(file("llama", typed), "").config).toMatchObject({ keyHeads: 4, headWidth: 8 });
});

test("a sliding window is full attention inside the window", () => {
  const mistral = { architectures: ["MistralForCausalLM"], sliding_window: 20 };
  expect(readConfig(file("llama", mistral), "").config.context).toBe(20);
  expect(readConfig(file("llama", { ...mistral, sliding_window: null }), "").config.context).toBe(64);
  expect(readConfig(file("qwen2", { sliding_window: 20, use_sliding_window: false }), "").config.context).toBe(64);
});

test("biases that a family lacks are named", () => {
  expect(readConfig(file("qwen2"), "")).toMatchObject({
    config: { biases: true },
    unbiased: ["proj", "gate_up", "down"],
  });
  const own = { attention_bias: true, mlp_bias: false };
  expect(readConfig(file("llama", own), "").unbiased).toEqual(["gate_up", "down"]);
});

test("what is written is read, also by the oldest names alone", () => {
  const rotaryScaling = { kind: "llama3", factor: 8, lowFactor: 1, highFactor: 4, originalContext: 32 } as const;
  const config = llama({ vocabulary: 9, context: 64, width: 8, layers: 2, heads: 2, rotaryScaling });
  expect(familyOf(config)).toBe("llama");
  const { rope_parameters: _, ...old } = writeConfig(config);
  expect(readConfig(writeConfig(config), "").config).toEqual(config);
  expect(readConfig(old, "").config).toEqual(config);
});

test("frequencies of Llama 3.1: short waves as they were, long ones divided, a blend between", () => {
  const rotaryScaling = { kind: "llama3", factor: 8, lowFactor: 1, highFactor: 4, originalContext: 32 } as const;
  const config = llama({ vocabulary: 9, context: 64, width: 48, layers: 1, heads: 4, rotaryBase: 500, rotaryScaling });
  // Values of Python transformers 5 for the same settings (the fixture llama3).
  const theirs = [1, 0.127995, 0.015749, 0.0055902, 0.0019843, 0.00070432];
  rotaryFrequencies(config).forEach((f, i) => {
    expect(f / theirs[i]!).toBeCloseTo(1, 4);
  });
});
