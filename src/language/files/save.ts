/**
 * Decoders into folders that Hugging Face transformers loads: what training leaves behind and what others take along are
 * one format. The configuration is written last, so that a folder that has one is complete.
 */

import { existsSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { encodeBfloat, encodeHalf } from "../../data/half.ts";
import { fromFloat32, type SafeTensor, safetensorsParts } from "../../data/safetensors.ts";
import { fail } from "../../errors.ts";
import { bytesOf, explain, makeFolder, writeAtomic } from "../../teaching/files.ts";
import type { DecoderConfig } from "../decoder/index.ts";
import { converses, OWN_TEMPLATE } from "../text/index.ts";
import { loadTokeniser, type Tokeniser } from "../tokenisers/index.ts";
import { familyOf, writeConfig } from "./config-file.ts";
import { layoutOf, storedTensors, transpose } from "./tensors.ts";

export interface DecoderToSave {
  readonly config: DecoderConfig;
  /** In the layout of `decoder(config).model`. */
  readonly params: Float32Array;
  /** A tokeniser, or the path of a folder whose tokeniser files are copied as they are (with a chat template). */
  readonly tokeniser?: Tokeniser | string;
}

export type StoredType = "F32" | "F16" | "BF16";

const TYPES = { F32: "float32", F16: "float16", BF16: "bfloat16" } as const;

/**
 * Writes config.json, model.safetensors, generation_config.json and, where a tokeniser is given, tokenizer.json and
 * tokenizer_config.json. A decoder whose layers share attention maps gets the key `attention_sharing` and lacks tensors
 * that stock software expects: only Lyceum (and its ONNX export) runs it.
 * @throws E_PARAM_SHAPE, E_DECODER_FILE for values beyond F16, E_WRITE, E_DISK_FULL
 */
export async function saveDecoder(folder: string, saved: DecoderToSave, dtype: StoredType = "F32"): Promise<void> {
  const { config, params } = saved;
  const family = familyOf(config);
  const { entries, size } = layoutOf(config);
  checkSize(params, size);
  const tensors = new Map<string, SafeTensor>();
  for (const entry of entries) {
    let at = entry.offset;
    for (const { name, shape, transposed } of storedTensors(family, config, entry)) {
      const length = shape.reduce((product, n) => product * n, 1);
      let values = params.subarray(at, at + length);
      if (transposed) {
        const turned = new Float32Array(length);
        transpose(values, turned, shape[1]!, shape[0]!);
        values = turned;
      }
      tensors.set(
        name,
        dtype === "F32" ? fromFloat32(values, shape) : { dtype, shape, bytes: half(values, dtype, name) },
      );
      at += length;
    }
  }
  await makeFolder(folder);
  // "pt" is what transformers asks for before it reads a file.
  await writeAtomic(join(folder, "model.safetensors"), safetensorsParts(tensors, { format: "pt" }));
  await writeSurroundings(folder, saved, { ...writeConfig(config), dtype: TYPES[dtype] });
}

export function checkSize(params: Float32Array, size: number): void {
  if (params.length !== size)
    fail(
      "E_PARAM_SHAPE",
      `This decoder has ${size} parameters, ${params.length} were given.`,
      "Are they another model's?",
    );
}

const INFINITE = 0x7c00;

/** @throws E_DECODER_FILE for finite values that F16 cannot hold */
export function half(values: Float32Array, dtype: "F16" | "BF16", name: string): Uint8Array {
  const encode = dtype === "F16" ? encodeHalf : encodeBfloat;
  const out = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) {
    out[i] = encode(values[i]!);
    if (dtype === "F16" && (out[i]! & 0x7fff) === INFINITE && Number.isFinite(values[i]))
      fail("E_DECODER_FILE", `"${name}" holds ${values[i]}, which 16-bit floats cannot.`, "Save it as F32.");
  }
  return bytesOf(out);
}

const TOKENISER_FILES = ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja"];

/** Everything but the weights; the configuration last. */
export async function writeSurroundings(
  folder: string,
  { config, tokeniser }: DecoderToSave,
  fields: Readonly<Record<string, unknown>>,
): Promise<void> {
  const write = (name: string, text: string) => writeAtomic(join(folder, name), [new TextEncoder().encode(text)]);
  const json = (name: string, value: object) => write(name, `${JSON.stringify(value, undefined, 2)}\n`);
  const known = typeof tokeniser === "string" ? loadTokeniser(tokeniser) : tokeniser;
  if (typeof tokeniser === "string") {
    for (const name of TOKENISER_FILES.filter((file) => existsSync(join(tokeniser, file))))
      await explain(join(folder, name), () => copyFile(join(tokeniser, name), join(folder, name)));
  } else if (known) {
    await write("tokenizer.json", known.toFile());
    await json("tokenizer_config.json", {
      tokenizer_class: "PreTrainedTokenizerFast",
      model_max_length: config.context,
      clean_up_tokenization_spaces: false,
      ...byRole(known, "token", (id) => known.decode([id])),
      ...(converses(known) && { chat_template: OWN_TEMPLATE }),
    });
  }
  // Named even where unknown: the families have defaults that belong to other vocabularies.
  const unknown = { bos_token_id: null, eos_token_id: null, pad_token_id: null };
  const ids = { ...unknown, ...(known && byRole(known, "token_id", (id) => id)) };
  await json("generation_config.json", ids);
  await json("config.json", { ...fields, ...ids });
}

const ROLES = { begin: "bos", end: "eos", pad: "pad" } as const;

function byRole<T>({ special }: Tokeniser, suffix: string, of: (id: number) => T): Record<string, T> {
  const found = Object.entries(ROLES).filter(([role]) => special[role] !== undefined);
  return Object.fromEntries(found.map(([role, name]) => [`${name}_${suffix}`, of(special[role]!)]));
}
