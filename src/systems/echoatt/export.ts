/**
 * A student to take along: a folder that `loadDecoder` reads, whose config.json names the leaders, and one ONNX file with
 * its cache, in whose graph followers have neither queries nor keys. A copy with the leaders' queries and keys put back
 * would load in stock software and say something else: followers would apply them to their own inputs.
 */
import { join } from "node:path";
import { decoderOnnx, saveDecoder } from "../../language/files/index.ts";
import type { Tokeniser } from "../../language/tokenisers/index.ts";
import { writeAtomic } from "../../teaching/files.ts";
import type { Trained } from "./surgery.ts";

/** A teacher trained here, for `--teacher` of other runs and for stock software. @throws E_WRITE, E_DISK_FULL */
export async function exportTeacher({ decoder, params }: Trained, folder: string, tokeniser: Tokeniser): Promise<void> {
  await saveDecoder(join(folder, "teacher"), { config: decoder.config, params, tokeniser });
}

/** Writes config.json, model.safetensors, tokenizer.json and model.onnx. @throws E_WRITE, E_DISK_FULL, E_EXPORT */
export async function exportStudent({ decoder, params }: Trained, folder: string, tokeniser: Tokeniser): Promise<void> {
  const { config } = decoder;
  await saveDecoder(folder, { config, params, tokeniser });
  await writeAtomic(join(folder, "model.onnx"), [decoderOnnx({ config, params })]);
}
