/**
 * The discriminator of the adversarial variant: it reads a chunk, says whether the teacher made it, and reconstructs
 * the teacher's chunk. Two shapes, from the reference notebooks.
 */
import { defineModel, layers, type Model } from "../../nn/index.ts";
import { leakyRelu } from "../../tensor/index.ts";

interface CriticShape {
  readonly hidden: readonly number[];
  readonly norm: boolean;
  /** Of the leaky ReLU; 0 is the plain one. */
  readonly slope: number;
  /** Updates of the student per batch. */
  readonly studentSteps: number;
}

export const CRITICS = {
  /** Fashion-MNIST and MNIST notebooks. */
  gan: { hidden: [64, 128, 256, 512, 1024], norm: true, slope: 0.2, studentSteps: 1 },
  /** CIFAR-10 notebooks. */
  "gan-cifar": { hidden: [128, 128, 128, 256, 256], norm: false, slope: 0, studentSteps: 4 },
} as const satisfies Record<string, CriticShape>;
export type CriticName = keyof typeof CRITICS;

/** x `[B, width]` -> `[B, 1 + width]`: the logit of "real", then the reconstruction. */
export function criticModel(name: CriticName, width: number): Model {
  const { hidden, norm, slope }: CriticShape = CRITICS[name];
  return defineModel("critic", [width], (scope, x) => {
    let h = x;
    hidden.forEach((size, i) => {
      const at = scope.at(`fc${i + 1}`);
      h = layers.linear(at, h, size);
      if (norm) h = layers.batchNorm(at.at("bn"), h);
      h = slope > 0 ? leakyRelu(h, slope) : h.relu();
    });
    return layers.linear(scope.at("out"), h, 1 + width);
  });
}
