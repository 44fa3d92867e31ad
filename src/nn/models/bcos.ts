/**
 * B-cos convolutional networks: B-cos convolutions and uncentred norms, nothing else; a 1×1 B-cos classifier at every
 * position, averaged; logit bias -log(C-1), where a sigmoid starts at 1/C (Böhle et al., v2).
 *
 * Pictures in 0..1 are read as [x, 1-x] (six channels for RGB), which tells black from nothing; such a model takes no
 * normalisation. Every logit is Σ W(x)·[x, 1-x] + bias, and W(x) is the explanation.
 */
import type { Tensor } from "../../tensor/index.ts";
import { concat } from "../../tensor/ops/index.ts";
import { bcosConv2d, type Dynamics, detached, twice, uncentredBatchNorm } from "../layers/bcos.ts";
import { defineModel, type Model } from "../model.ts";
import type { Scope } from "../scope.ts";
import type { CnnStage } from "./cnn.ts";

export interface BcosNetOptions {
  readonly name?: string;
  readonly inputShape: readonly number[];
  readonly classes: number;
  readonly stages: readonly CnnStage[];
  /** Exponent B of every layer; default 2. */
  readonly b?: number;
  /**
   * True: gradients of the logits take the dynamic factors as constants, as the reference does while it distils.
   * False (default): the logits are differentiated in full; explanations come from a second pass.
   */
  readonly detachDynamic?: boolean;
}

/** Bias of every logit. */
export const logitBias = (classes: number): number => -Math.log(Math.max(1, classes - 1));

/**
 * Parameters stage1.0.conv, stage1.0.norm, ..., fc. Taps: "stage1".., "features", "output"; "dynamic.input" (the picture as
 * the network reads it) and "dynamic.logits", whose gradient with respect to it is W(x).
 */
export function bcos({
  name = "bcos",
  inputShape,
  classes,
  stages,
  b = 2,
  detachDynamic = false,
}: BcosNetOptions): Model {
  const pass = (scope: Scope, input: Tensor, dynamics: Dynamics, first: boolean): Tensor => {
    let h = input;
    stages.forEach(({ width, depth = 1, stride = 2, kernel = 3 }, s) => {
      for (let d = 0; d < depth; d++) {
        const at = scope.at(`stage${s + 1}`).at(d);
        h = bcosConv2d(at.at("conv"), h, width, kernel, { stride: d === 0 ? stride : 1, b, dynamics });
        h = uncentredBatchNorm(at.at("norm"), h, { dynamics, record: first });
      }
      if (first) scope.tap(`stage${s + 1}`, h);
    });
    if (first) scope.tap("features", h.mean([2, 3]));
    return bcosConv2d(scope.at("fc"), h, classes, 1, { b, dynamics }).mean([2, 3]).add(logitBias(classes));
  };
  return defineModel(
    name,
    inputShape,
    (scope, x) => {
      const read = () => concat([x, x.neg().add(1)], 1);
      const input = scope.tap("dynamic.input", read());
      if (detachDynamic) return scope.tap("dynamic.logits", pass(scope, input, detached, true));
      const { first, again } = twice();
      const logits = pass(scope, read(), first, true);
      scope.tap("dynamic.logits", pass(scope, input, again, false));
      return logits;
    },
    { classes },
  );
}
