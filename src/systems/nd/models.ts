/**
 * Models by widths: "conv-16-32-64" (a 3×3 convolution with batch norm and ReLU per width, every one but the first
 * halving the sides, pooled at the end) and "mlp-512-32". The specification's pairs are named so; other names are the
 * zoo's or a user's module.
 */
import type { ArrayDataset } from "../../data/dataset.ts";
import { fail } from "../../errors.ts";
import { cnn, type Model, mlp } from "../../nn/index.ts";
import type { Recipe } from "../../teaching/lesson/recipe.ts";
import type { TapShapes } from "../../teaching/losses/taps.ts";
import { type Network, tapShapes } from "../../teaching/network.ts";
import { networkOf } from "../kit/cast.ts";
import type { Bench } from "../system.ts";

/** By name, with the statistics of the data. @throws E_MODEL_UNKNOWN, E_STUDENT_MODULE, E_OPTION */
export async function networkBy(bench: Pick<Bench<unknown>, "data">, name: string): Promise<Network> {
  const model = byWidths(name, bench.data.train);
  const { normalise } = bench.data.train;
  return model ? { model, ...(normalise && { normalise }) } : networkOf(bench, name);
}

function byWidths(name: string, { inputShape, classes: { length: classes } }: ArrayDataset): Model | undefined {
  const [, kind, list] = /^(conv|mlp)((?:-\d+)+)$/.exec(name) ?? [];
  if (!kind || !list) return undefined;
  const widths = list.slice(1).split("-").map(Number);
  if (widths.some((width) => width < 1)) fail("E_OPTION", `"${name}" has a layer of width 0.`, "Use widths from 1.");
  if (kind === "mlp") return mlp({ name, inputShape, classes, hidden: widths });
  if (inputShape.length !== 3) {
    fail("E_OPTION", `"${name}" reads pictures, the data has examples of shape [${inputShape}].`, "Use mlp-W-W.");
  }
  return cnn({ name, inputShape, classes, stages: widths.map((width, i) => ({ width, stride: i === 0 ? 1 : 2 })) });
}

/** The paper's batch. */
const BATCH = 64;

/**
 * The CIFAR recipe of the paper (SGD with Nesterov momentum 0.9, rate 0.1, decay 5e-4) for networks with batch norm;
 * AdamW for those without, which that rate throws off.
 */
export function recipeFor({ buffers }: Model, epochs: number): Recipe {
  const common = { epochs, batchSize: BATCH, augment: [] } as const;
  return buffers.size > 0
    ? { ...common, optimiser: "sgd", rate: 0.1, decay: 5e-4 }
    : { ...common, optimiser: "adamw", rate: 3e-3, decay: 0.01 };
}

/**
 * The embedding, input of the last layer: "features" (or "features.pre", before its ReLU) where a model has it, else
 * the last vector; where classes are known, the last that is not as long as the answers, since files name those too.
 * @throws E_TAP
 */
export function embeddingTap(taps: TapShapes, whose: string, place: "post" | "pre", classes?: number): string {
  const wanted = place === "pre" ? "features.pre" : "features";
  if (taps.has(wanted)) return wanted;
  const vectors = [...taps].filter(([, shape]) => shape.length === 2).reverse();
  const [found] = vectors.find(([, shape]) => shape[1] !== classes) ?? vectors[0] ?? [];
  if (place === "post" && found !== undefined) return found;
  const known = [...taps].map(([name, shape]) => `${name} [${shape}]`).join(", ") || "none";
  return fail(
    "E_TAP",
    `The ${whose} has no ${place === "pre" ? `tap "features.pre"` : "tap that is a vector per example"}.`,
    `Its taps are: ${known}. Tap the input of its last layer: scope.tap("features", ...).`,
  );
}

/** The student's embedding, with its width. */
export function studentEmbedding(network: Network, place: "post" | "pre"): { tap: string; width: number } {
  const shapes = tapShapes(network);
  const tap = embeddingTap(shapes, "student", place);
  return { tap, width: sizeOfTap(shapes, tap) };
}

/** Values per example of a tap. */
export const sizeOfTap = (taps: TapShapes, tap: string): number =>
  taps
    .get(tap)!
    .slice(1)
    .reduce((a, b) => a * b, 1);
