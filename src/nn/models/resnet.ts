/**
 * Residual networks for small images (He et al. 2016, section 4.2): three stages of basic blocks, depth 6n + 2.
 * Where a block changes stride or width its shortcut is a 1x1 convolution with batch norm, as in RepDistiller and
 * mdistiller (the original paper pads with zeros instead); names follow those repositories, so that their weights fit.
 */
import { fail } from "../../errors.ts";
import type { Tensor } from "../../tensor/index.ts";
import { kaimingNormal } from "../init.ts";
import { batchNorm, conv2d, linear } from "../layers/index.ts";
import { defineModel, type Model } from "../model.ts";
import type { Scope } from "../scope.ts";

export interface ResnetOptions {
  readonly name?: string;
  readonly inputShape: readonly number[];
  readonly classes: number;
  /** 6n + 2: 8, 20, 32, 56, 110. */
  readonly depth: number;
  /** Channels of the stem and the three stages: [16,16,32,64], or [32,64,128,256] for the "x4" networks. */
  readonly widths?: readonly [number, number, number, number];
}

const CONV = { bias: false, init: kaimingNormal({ fan: "out" }) } as const;

/**
 * Parameters conv1, bn1, layer1.0.conv1, ..., fc. Taps: "stem", "stage1".."stage3" and "stage1.pre".. (before the last
 * ReLU), "features" [B, widths[3]] (pooled) and "features.pre" (pooled before the ReLU), "output".
 */
export function resnet({
  depth,
  inputShape,
  classes,
  widths = [16, 16, 32, 64],
  name = `resnet${depth}`,
}: ResnetOptions): Model {
  const blocks = (depth - 2) / 6;
  if (!Number.isInteger(blocks) || blocks < 1) {
    fail("E_OPTION", `A ResNet of depth ${depth} for small images.`, "Its depth is 6n + 2: 8, 20, 32, 56, 110.");
  }
  return defineModel(
    name,
    inputShape,
    (scope, x) => {
      let h = batchNorm(scope.at("bn1"), conv2d(scope.at("conv1"), x, widths[0], 3, CONV)).relu();
      scope.tap("stem", h);
      let pre = h;
      widths.slice(1).forEach((width, s) => {
        for (let b = 0; b < blocks; b++) {
          pre = basicBlock(scope.at(`layer${s + 1}`).at(b), h, width, s > 0 && b === 0 ? 2 : 1);
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

/** Two 3x3 convolutions and a shortcut; the last ReLU is left to the caller. */
function basicBlock(scope: Scope, x: Tensor, width: number, stride: number): Tensor {
  const first = conv2d(scope.at("conv1"), x, width, 3, { ...CONV, stride });
  const h = batchNorm(scope.at("bn1"), first).relu();
  const y = batchNorm(scope.at("bn2"), conv2d(scope.at("conv2"), h, width, 3, CONV));
  if (stride === 1 && x.shape[1] === width) return y.add(x);
  const shortcut = conv2d(scope.at("downsample.0"), x, width, 1, { ...CONV, stride });
  return y.add(batchNorm(scope.at("downsample.1"), shortcut));
}
