/**
 * Plain convolutional networks: convolution, batch norm, ReLU, again and again; strides in place of pooling
 * (Springenberg et al. 2015), global average pooling, one linear layer. One family, sized by a list of stages.
 */
import { kaimingNormal } from "../init.ts";
import { batchNorm, conv2d, linear } from "../layers/index.ts";
import { defineModel, type Model } from "../model.ts";

export interface CnnStage {
  readonly width: number;
  /** Convolutions in the stage (default 1); the first one takes the stride. */
  readonly depth?: number;
  /** Default 2. */
  readonly stride?: number;
  /** Default 3. */
  readonly kernel?: number;
}

export interface CnnOptions {
  readonly name?: string;
  readonly inputShape: readonly number[];
  readonly classes: number;
  readonly stages: readonly CnnStage[];
}

/**
 * Parameters stage1.0.conv, stage1.0.bn, ..., fc. Taps: "stage1".. and "stage1.pre".. (before the ReLU), "features"
 * (pooled) and "features.pre" (pooled before the ReLU), "output".
 */
export function cnn({ name = "cnn", inputShape, classes, stages }: CnnOptions): Model {
  return defineModel(
    name,
    inputShape,
    (scope, x) => {
      let h = x;
      let pre = x;
      stages.forEach(({ width, depth = 1, stride = 2, kernel = 3 }, s) => {
        for (let d = 0; d < depth; d++) {
          const at = scope.at(`stage${s + 1}`).at(d);
          // Batch norm has the bias.
          const options = { stride: d === 0 ? stride : 1, bias: false, init: kaimingNormal() };
          pre = batchNorm(at.at("bn"), conv2d(at.at("conv"), h, width, kernel, options));
          h = pre.relu();
        }
        scope.tap(`stage${s + 1}.pre`, pre);
        scope.tap(`stage${s + 1}`, h);
      });
      scope.tap("features.pre", pre.mean([2, 3]));
      return linear(scope.at("fc"), scope.tap("features", h.mean([2, 3])), classes);
    },
    { classes },
  );
}
