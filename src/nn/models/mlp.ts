/** Multi-layer perceptrons: flatten, then linear layers with ReLU between them. */
import { linear } from "../layers/linear.ts";
import { defineModel, type Model } from "../model.ts";

export interface MlpOptions {
  readonly name?: string;
  readonly inputShape: readonly number[];
  readonly classes: number;
  /** Widths of the hidden layers. */
  readonly hidden: readonly number[];
}

/**
 * Parameters fc1, fc2, ... Taps: "stage1" ... (after ReLU), "features" (the last of them), "features.pre" (before
 * its ReLU), "output" (logits).
 */
export function mlp({ name = "mlp", inputShape, classes, hidden }: MlpOptions): Model {
  return defineModel(
    name,
    inputShape,
    (scope, x) => {
      let h = x.flatten();
      hidden.forEach((width, i) => {
        const pre = linear(scope.at(`fc${i + 1}`), h, width);
        if (i === hidden.length - 1) scope.tap("features.pre", pre);
        h = scope.tap(`stage${i + 1}`, pre.relu());
      });
      scope.tap("features", h);
      return linear(scope.at(`fc${hidden.length + 1}`), h, classes);
    },
    { classes },
  );
}
