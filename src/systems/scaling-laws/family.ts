/**
 * The models of the sweep: decoders of one shape in all sizes, 16 times as wide as they are deep, heads of width 16.
 *
 * Start and rates follow the width ("simple muP", section 3 of the paper): matrices start with a deviation of 1/√fan-in
 * and learn at eta·32/width; embeddings start at 1 and, like the gains of norms, learn at eta. So one eta does for all
 * sizes; the sweep checks that at two widths.
 */
import { bodySize, type Decoder, decoder, llama } from "../../language/decoder/index.ts";
import type { Model } from "../../nn/index.ts";
import type { Key } from "../../tensor/index.ts";
import { type Family, flopsOfArchitecture } from "./flops.ts";

export const CONTEXT = 64;
const RATIO = 16;
const HEAD_WIDTH = 16;
/** The width at which eta is the rate of matrices, too. */
const BASE_WIDTH = 32;

export const familyOf = (vocabulary: number): Family => ({ ratio: RATIO, density: 12, context: CONTEXT, vocabulary });

/** The member with so many layers. */
export function member(layers: number, vocabulary: number): Decoder {
  const width = RATIO * layers;
  const inner = 8 * Math.round(width / 3);
  const sizes = { vocabulary, context: CONTEXT, width, layers, heads: width / HEAD_WIDTH, inner };
  return decoder(llama(sizes), `${layers} layers`);
}

/** Parameters without embeddings, and operations per token of a forward pass. */
export function costOf(model: Decoder): { readonly N: number; readonly flops: number } {
  const N = bodySize(model);
  const { layers, width, context, vocabulary } = model.config;
  return { N, flops: flopsOfArchitecture({ N, layers, width, context, vocabulary }) };
}

/** Whole members nearest to so many parameters: what a plan suggests to train. */
export function nearestMember(N: number): number {
  return Math.max(1, Math.round((N / (RATIO ** 2 * 12)) ** (1 / 3)));
}

const isMatrix = (path: string, shape: readonly number[]) => shape.length === 2 && !path.startsWith("embed.");

/** Factors on the learning rate. */
export function rateScale({ model, config }: Decoder): Float32Array {
  const out = new Float32Array(model.params.size).fill(1);
  for (const { path, shape, offset, size } of model.params.entries) {
    if (isMatrix(path, shape)) out.fill(BASE_WIDTH / config.width, offset, offset + size);
  }
  return out;
}

/** Values to start from. The output matrix starts small, so that the first answers are nearly uniform. */
export function start({ model, config }: { model: Model; config: Decoder["config"] }, key: Key): Float32Array {
  const { params } = model.init(key);
  const writesBack = /\.(proj|down)\.weight$/;
  for (const { path, shape, offset, size } of model.params.entries) {
    const values = params.subarray(offset, offset + size);
    if (path.startsWith("head.") || shape.length < 2) continue;
    const deviation = path.startsWith("embed.")
      ? 1
      : 1 / Math.sqrt(shape[1]! * (writesBack.test(path) ? 2 * config.layers : 1));
    const now = Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / size);
    for (let i = 0; i < size; i++) values[i]! *= deviation / now;
  }
  return params;
}
