/**
 * Which tensors of a checkpoint make up which parameter of ours. Ours are fused where one product serves several
 * matrices (queries, keys, values; gate and up); their rows lie one after the other, so a parameter is a list of tensors.
 */
import type { Entry, Layout } from "../../nn/index.ts";
import { type DecoderConfig, decoder } from "../decoder/index.ts";
import type { Family } from "./config-file.ts";

/**
 * The layout of `decoder(config).model.params`. With rotary positions it does not depend on the context, and a short one
 * is traced: the masks of attention are context² numbers, which for a context of 131,072 no machine holds.
 */
export const layoutOf = (config: DecoderConfig): Layout =>
  decoder(config.positions === "rotary" ? { ...config, context: 1 } : config).model.params;

export interface StoredTensor {
  readonly name: string;
  /** As stored. */
  readonly shape: readonly number[];
  /** Stored as [in, out], as the Conv1D layers of GPT-2 are. */
  readonly transposed: boolean;
}

interface Names {
  readonly block: string;
  readonly names: Readonly<Record<string, readonly string[]>>;
  readonly transposed: ReadonlySet<string>;
}

const LLAMA: Names = {
  block: "model.layers.",
  names: {
    embed: ["model.embed_tokens"],
    norm: ["model.norm"],
    head: ["lm_head"],
    norm1: ["input_layernorm"],
    qkv: ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
    v: ["self_attn.v_proj"],
    qnorm: ["self_attn.q_norm"],
    knorm: ["self_attn.k_norm"],
    proj: ["self_attn.o_proj"],
    norm2: ["post_attention_layernorm"],
    gate_up: ["mlp.gate_proj", "mlp.up_proj"],
    down: ["mlp.down_proj"],
  },
  transposed: new Set(),
};

/** A follower keeps of `c_attn` what is left: its values. */
const GPT2: Names = {
  block: "transformer.h.",
  names: {
    embed: ["transformer.wte"],
    positions: ["transformer.wpe"],
    norm: ["transformer.ln_f"],
    head: ["lm_head"],
    norm1: ["ln_1"],
    qkv: ["attn.c_attn"],
    v: ["attn.c_attn"],
    proj: ["attn.c_proj"],
    norm2: ["ln_2"],
    up: ["mlp.c_fc"],
    down: ["mlp.c_proj"],
  },
  transposed: new Set(["qkv", "v", "proj", "up", "down"]),
};

const FAMILIES = { llama: LLAMA, gpt2: GPT2 };

/** The linear layer or norm that a parameter belongs to: "qkv" of "blocks.3.qkv.weight". */
export const partOf = (path: string): string => path.split(".").at(-2)!;

/** The tensors whose values, one after the other, are this parameter. */
export function storedTensors(family: Family, config: DecoderConfig, { path, shape }: Entry): StoredTensor[] {
  if (family === "lyceum") return [{ name: path, shape, transposed: false }];
  const { block, names, transposed } = FAMILIES[family];
  const [, layer, part, kind] = /^(?:blocks\.(\d+)\.)?(\w+)\.(\w+)$/.exec(path)!;
  const parts = names[part!]!;
  const { heads, keyHeads, headWidth } = config;
  const rows =
    parts.length === 3
      ? [heads, keyHeads, keyHeads].map((n) => n * headWidth)
      : parts.map(() => shape[0]! / parts.length);
  const turned = transposed.has(part!) && kind === "weight";
  return parts.map((name, i) => ({
    name: `${layer === undefined ? "" : `${block}${layer}.`}${name}.${kind}`,
    shape: turned ? [...shape.slice(1), rows[i]!] : [rows[i]!, ...shape.slice(1)],
    transposed: turned,
  }));
}

/** Of a [rows, columns] matrix into [columns, rows]. */
export function transpose(from: Float32Array, into: Float32Array, rows: number, columns: number): void {
  // In squares that fit into the cache.
  const SIDE = 32;
  for (let top = 0; top < rows; top += SIDE)
    for (let left = 0; left < columns; left += SIDE)
      for (let i = top; i < Math.min(rows, top + SIDE); i++)
        for (let j = left; j < Math.min(columns, left + SIDE); j++) into[j * rows + i] = from[i * columns + j]!;
}
