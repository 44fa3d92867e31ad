/** A folder that transformers.js loads: the model with its cache as ONNX, the configuration and the tokeniser. */
import { join } from "node:path";
import { makeFolder, writeAtomic } from "../../teaching/files.ts";
import { familyOf, llamaFields, writeConfig } from "./config-file.ts";
import { decoderOnnx, type OnnxType } from "./onnx.ts";
import { type DecoderToSave, writeSurroundings } from "./save.ts";

/** transformers.js chooses the file by its option `dtype`: "fp32" or "fp16". */
const FILES = { F32: "model.onnx", F16: "model_fp16.onnx" } as const;

/**
 * Writes config.json, generation_config.json, the tokeniser's files and onnx/model.onnx (F16: onnx/model_fp16.onnx). A
 * page loads the folder with `pipeline("text-generation", ...)` of transformers.js.
 * @throws E_PARAM_SHAPE, E_EXPORT beyond 2 GiB, E_WRITE, E_DISK_FULL
 */
export async function exportForBrowser(folder: string, saved: DecoderToSave, dtype: OnnxType = "F32"): Promise<void> {
  const bytes = decoderOnnx(saved, dtype);
  await makeFolder(join(folder, "onnx"));
  await writeAtomic(join(folder, "onnx", FILES[dtype]), [bytes]);
  const { config } = saved;
  const fields = writeConfig(config);
  // transformers.js computes by the ONNX file and reads here the sizes of the cache alone, for which it must know the
  // type: a decoder of no known family goes as one of the same sizes.
  const known = familyOf(config) === "lyceum" ? { ...fields, ...llamaFields(config) } : fields;
  await writeSurroundings(folder, saved, known);
}
