/**
 * A picture classifier from an ONNX file: any file with one picture input and one output of logits.
 *
 * Lyceum's own files take pixels in 0..1 and name their classes; of others, pixels in 0..1 are assumed as well, and
 * classes are numbered. The file is handed to the runtime as it is, so operators that cannot be imported run, too.
 */
import { readFile } from "node:fs/promises";
import { decodeImage } from "../data/image-folder.ts";
import { fail } from "../errors.ts";
import { currentBackend, host } from "../tensor/index.ts";
import { decodeModel, type ModelProto } from "../tensor/onnx/proto.ts";

export interface Answer {
  readonly label: string;
  readonly probability: number;
}

export interface Classifier {
  /** All classes, the most probable first. @throws what decodeImage throws */
  classify(image: string): Promise<Answer[]>;
}

/** @throws E_NOT_FOUND, E_ONNX_FORMAT, E_MODEL when the file is no picture classifier */
export async function openClassifier(path: string): Promise<Classifier> {
  const bytes = await readFile(path).catch((cause: unknown) =>
    fail("E_NOT_FOUND", `The model "${path}" cannot be read.`, "Name an .onnx file.", cause),
  );
  const model = decodeModel(bytes);
  const { input, channels, side } = pictureInput(model, path);
  const output = model.graph.output[0]!.name;
  const metadata = new Map(model.metadataProps.map(({ key, value }) => [key, value]));
  const classes = namesIn(metadata.get("lyceum.classes"));
  const scale = metadata.get("lyceum.input") === "bytes" ? 1 : 1 / 255;
  const session = await (await currentBackend()).compile(bytes);
  return {
    async classify(image) {
      const pixels = Float32Array.from(await decodeImage(image, { size: side, channels }), (v) => v * scale);
      const result = await session.run({ [input]: host(pixels, [1, channels, side, side]) });
      const logits = Array.from(result[output]!.data as Float32Array);
      return softmax(logits)
        .map((probability, i) => ({ label: classes?.[i] ?? `class ${i}`, probability }))
        .sort((a, b) => b.probability - a.probability);
    },
  };
}

function pictureInput({ graph }: ModelProto, path: string) {
  const stored = new Set(graph.initializer.map((t) => t.name));
  const inputs = graph.input.filter(({ name }) => !stored.has(name));
  const dims = inputs[0]?.type?.tensorType?.shape?.dim.map((d) => d.dimValue ?? 0) ?? [];
  const [, channels, height, width] = dims;
  if (inputs.length !== 1 || dims.length !== 4 || (channels !== 1 && channels !== 3) || !height || height !== width) {
    const seen = inputs.map((port) => `${port.name} [${dims.join(", ")}]`).join("; ") || "none";
    return fail(
      "E_MODEL",
      `"${path}" has the inputs ${seen}; one picture [batch, 1 or 3, side, side] was expected.`,
      "predict reads picture classifiers; lyceum inspect shows what the file takes.",
    );
  }
  return { input: inputs[0]!.name, channels: channels as 1 | 3, side: height };
}

function namesIn(text: string | undefined): string[] | undefined {
  if (text === undefined) return undefined;
  try {
    const names: unknown = JSON.parse(text);
    return Array.isArray(names) ? names.map(String) : undefined;
  } catch {
    return undefined;
  }
}

function softmax(logits: readonly number[]): number[] {
  const top = Math.max(...logits);
  const weights = logits.map((v) => Math.exp(v - top));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / sum);
}
