/** How fast each pair of a head turns with its place: the rotary base, and the stretching of models made for longer texts. */
import type { DecoderConfig } from "./config.ts";

/**
 * `linear` divides every frequency by the factor (position interpolation, Chen et al. 2023). `llama3` does so for waves
 * longer than originalContext / lowFactor only, not at all for those shorter than originalContext / highFactor, and
 * blends between them (Grattafiori et al. 2024, Llama 3.1).
 */
export type RotaryScaling =
  | { readonly kind: "linear"; readonly factor: number }
  | {
      readonly kind: "llama3";
      readonly factor: number;
      readonly lowFactor: number;
      readonly highFactor: number;
      /** Context before stretching, in tokens. */
      readonly originalContext: number;
    };

/** Radians per place of each pair of a head, [headWidth / 2]. */
export function rotaryFrequencies({ headWidth, rotaryBase, rotaryScaling }: DecoderConfig): number[] {
  const plain = Array.from({ length: headWidth / 2 }, (_, i) => rotaryBase ** ((-2 * i) / headWidth));
  if (!rotaryScaling) return plain;
  return plain.map((frequency) => frequency * scaleOf(rotaryScaling, frequency));
}

function scaleOf(scaling: RotaryScaling, frequency: number): number {
  if (scaling.kind === "linear") return 1 / scaling.factor;
  const { factor, lowFactor, highFactor, originalContext } = scaling;
  // Waves that fit into the original context.
  const waves = (originalContext * frequency) / (2 * Math.PI);
  const kept = Math.min(1, Math.max(0, (waves - lowFactor) / (highFactor - lowFactor)));
  return kept + (1 - kept) / factor;
}
