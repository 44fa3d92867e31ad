/**
 * What an explainer is: from what a model said about a batch, the map of what its answer rests on.
 *
 * An explainer only sees symbolic outputs, so the same one explains a frozen teacher, a student while it learns (the
 * gradients it takes are part of the student's graph and are differentiated again by the training step) and a network
 * under examination. `open` is how a frozen teacher's outputs are looked at before they were frozen.
 */
import { fail } from "../../../errors.ts";
import type { Outputs } from "../../../teaching/losses/loss.ts";
import { grad, type Tensor } from "../../../tensor/index.ts";

export interface Explainer {
  /** Name and settings: part of the address of stored explanations. */
  readonly id: string;
  /** Taps of the model that it reads. */
  readonly taps: readonly string[];
  /** Further taps from passes of its own; `run` gives the logits of pictures x, f32 `[N, C, H, W]` in 0..1. */
  prepare?(x: Tensor, run: (x: Tensor) => Tensor): Readonly<Record<string, Tensor>>;
  /** What the loss compares, `[B, c, h, w]`. `direction` `[B, classes]`: the combination of logits to explain. */
  explain(seen: Outputs, direction: Tensor): Tensor;
  /** Where the evidence lies, `[B, 1, h, w]`; positive values speak for the explained answer. */
  evidence(seen: Outputs, direction: Tensor): Tensor;
}

/**
 * Σ_b direction_b·logits_b with respect to `at`, with its graph: examples do not mix, so row b of the result belongs to
 * example b. @throws E_EXPLAIN when the logits do not depend on it
 */
export function pullBack(logits: Tensor, direction: Tensor, at: Tensor, what: string): Tensor {
  try {
    return grad(logits.mul(direction).sum(), [at])[0]!;
  } catch (cause) {
    return fail(
      "E_EXPLAIN",
      `The logits do not depend on ${what}: there is nothing to explain by it.`,
      "Choose another explainer, or a model whose answer passes through this layer.",
      cause,
    );
  }
}

/** Looks behind the stop-gradient that every target of a teacher is under. */
export const thaw = (t: Tensor): Tensor => (t.node.op.name === "stopGradient" ? t.node.inputs[0]! : t);
