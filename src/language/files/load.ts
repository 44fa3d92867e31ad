/** Decoders out of folders: `config.json`, weights in safetensors, and what is known of the special tokens. */
import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { fail } from "../../errors.ts";
import type { DecoderConfig } from "../decoder/index.ts";
import { readConfig } from "./config-file.ts";
import { layoutOf, partOf, storedTensors } from "./tensors.ts";
import { openWeights, parseJson } from "./weights.ts";

export interface LoadedDecoder {
  readonly config: DecoderConfig;
  /** In the layout of `decoder(config).model`. */
  readonly params: Float32Array;
  /** Path of the folder's `tokenizer.json`, if it has one. */
  readonly tokeniser?: string;
  /** Tokens that end a text by the folder's own word; generation stops there. */
  readonly end: readonly number[];
}

/** Buffers that older versions saved: masks and frequencies, which are computed. */
const BUFFERS = /\.attn\.(masked_)?bias$|\.rotary_emb\.inv_freq$/;
const PREFIX = /^(model|transformer)\./;

/**
 * Reads a folder that Lyceum or Hugging Face transformers wrote: Llama, Mistral, Qwen2, Qwen3 or GPT-2, weights in F32,
 * F16 or BF16, in one file or in shards. Needs the memory of the parameters and of the largest tensor.
 * @throws E_DECODER for what our decoder cannot do (names the field); E_DECODER_FILE for missing files and tensors, wrong
 * shapes and tensors left over; E_DATA_TRUNCATED and E_DATA_FORMAT for damaged files
 */
export async function loadDecoder(folder: string): Promise<LoadedDecoder> {
  const file = join(folder, "config.json");
  const text = await readFile(file, "utf8").catch((cause) =>
    fail("E_DECODER_FILE", `The file "${file}" is missing.`, "Name the folder of a language model.", cause),
  );
  const json = parseJson(text, file);
  const { config, family, unbiased } = readConfig(json, file);
  const weights = await openWeights(folder);
  try {
    const { entries, size } = layoutOf(config);
    const params = new Float32Array(size);
    const used = new Set<string>();
    for (const entry of entries) {
      if (entry.path.endsWith(".bias") && unbiased.includes(partOf(entry.path))) continue;
      let at = entry.offset;
      for (const tensor of storedTensors(family, config, entry)) {
        // Files of bare models leave the first part of the names out.
        const bare = tensor.name.replace(PREFIX, "");
        const name = weights.has(tensor.name) || !weights.has(bare) ? tensor.name : bare;
        const length = tensor.shape.reduce((product, n) => product * n, 1);
        await weights.read({ ...tensor, name }, params.subarray(at, at + length));
        used.add(name);
        at += length;
      }
    }
    const left = weights.names.filter(
      (name) => !used.has(name) && !BUFFERS.test(name) && !(config.tied && name === "lm_head.weight"),
    );
    if (left.length > 0) {
      fail(
        "E_DECODER_FILE",
        `${left.length} tensors in "${folder}" have no place in the model of config.json: ${left.slice(0, 5).join(", ")}.`,
        "Do both files belong to the same model?",
      );
    }
    const tokeniser = join(folder, "tokenizer.json");
    const { end } = knownOf(folder);
    return { config, params, end, ...(existsSync(tokeniser) && { tokeniser }) };
  } finally {
    await weights.close();
  }
}

const length = z.int().min(1).nullish();
const known = z.looseObject({
  eos_token_id: z.union([z.int(), z.array(z.int())]).nullish(),
  max_position_embeddings: length,
  n_positions: length,
});

/**
 * What the folder of any model says of the tokens that end a text (`generation_config.json` before `config.json`), and of
 * the longest text it reads; Infinity where it says nothing. @throws E_DECODER_FILE for files that are no JSON
 */
export function knownOf(folder: string): { readonly end: readonly number[]; readonly context: number } {
  const [generation, config] = ["generation_config.json", "config.json"].map((name) => {
    const file = join(folder, name);
    return known.safeParse(existsSync(file) ? parseJson(readFileSync(file, "utf8"), file) : {}).data ?? {};
  }) as [z.infer<typeof known>, z.infer<typeof known>];
  return {
    end: [generation.eos_token_id ?? config.eos_token_id ?? []].flat(),
    context: config.max_position_embeddings ?? config.n_positions ?? Number.POSITIVE_INFINITY,
  };
}
