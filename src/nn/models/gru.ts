/** A recurrent classifier of sequences: GRU layers and a linear head on the last state. */
import { gru, linear } from "../layers/index.ts";
import { defineModel, type Model } from "../model.ts";

export interface GruClassifierOptions {
  readonly name?: string;
  /** [time, features]; images [C, H, W] are read row by row, as H steps of C·W features. */
  readonly inputShape: readonly number[];
  readonly classes: number;
  readonly hidden: number;
  readonly layers?: number;
}

/** Parameters gru.weight_ih_l0, ..., head. Taps: "states" [B, T, H], "features" [B, H] (the last), "output". */
export function gruClassifier({ name = "gru", inputShape, classes, hidden, layers = 1 }: GruClassifierOptions): Model {
  return defineModel(
    name,
    inputShape,
    (scope, x) => {
      const rows = x.rank === 4 ? x.transpose([0, 2, 1, 3]).reshape([x.shape[0]!, x.shape[2]!, -1]) : x;
      const { states, last } = gru(scope.at("gru"), rows, hidden, { layers });
      scope.tap("states", states);
      return linear(scope.at("head"), scope.tap("features", last), classes);
    },
    { classes },
  );
}
