/**
 * A family of networks that differ in depth: slim residual networks for small pictures, "slim-resnet8", "slim-resnet14",
 * "slim-resnet20", ... (He et al. 2016, section 4.2: three stages of basic blocks, depth 6n + 2).
 *
 * Slim: 8 channels in the first stage, doubled in every further one ("slim-resnet26w16" starts with 16), and a stem of
 * stride 2 for pictures of 24 pixels and more, so that a group of them trains on two cores. The networks of a group
 * must differ in depth for roles to change: where they differ in width alone, the widest is nearly always the best.
 */
import { fail } from "../../errors.ts";
import { defineModel, init, layers, type Model, type Scope } from "../../nn/index.ts";
import type { Tensor } from "../../tensor/index.ts";

export interface SlimOptions {
  readonly name: string;
  /** Channels first: [1, 28, 28]. */
  readonly inputShape: readonly number[];
  readonly classes: number;
  /** 6n + 2. */
  readonly depth: number;
  /** Channels of the stem and the first stage. */
  readonly width?: number;
}

/** The side from which the stem halves the picture. */
const LARGE = 24;
const NAME = /^slim-resnet(\d+)(?:w(\d+))?$/;
const CONV = { bias: false, init: init.kaimingNormal({ fan: "out" }) } as const;

/** The member of the family called `name`; undefined where the name is another's. @throws E_OPTION for no such depth */
export function slimResnetNamed(name: string, input: Pick<SlimOptions, "inputShape" | "classes">): Model | undefined {
  const [, depth, width] = NAME.exec(name) ?? [];
  if (depth === undefined) return undefined;
  return slimResnet({ ...input, name, depth: Number(depth), ...(width !== undefined && { width: Number(width) }) });
}

/** Taps: "stem", "stage1".."stage3", "features" (pooled), "output". @throws E_OPTION */
export function slimResnet({ name, inputShape, classes, depth, width = 8 }: SlimOptions): Model {
  const blocks = (depth - 2) / 6;
  if (!Number.isInteger(blocks) || blocks < 1) {
    fail("E_OPTION", `"${name}" has depth ${depth}.`, "The depth is 6n + 2: slim-resnet8, -14, -20, -26, ...");
  }
  if (width < 1) fail("E_OPTION", `"${name}" has no channels.`, "Write slim-resnet26w16 for 16 of them.");
  if (inputShape.length !== 3) {
    fail(
      "E_OPTION",
      `"${name}" reads pictures; one example has shape [${inputShape}].`,
      "Name other networks, or a module.",
    );
  }
  const stride = inputShape[1]! >= LARGE ? 2 : 1;
  return defineModel(
    name,
    inputShape,
    (scope, x) => {
      const stem = layers.conv2d(scope.at("conv1"), x, width, 3, { ...CONV, stride });
      let h = scope.tap("stem", layers.batchNorm(scope.at("bn1"), stem).relu());
      for (let stage = 0; stage < 3; stage++) {
        for (let b = 0; b < blocks; b++) {
          h = block(scope.at(`layer${stage + 1}`).at(b), h, width << stage, stage > 0 && b === 0 ? 2 : 1);
        }
        scope.tap(`stage${stage + 1}`, h);
      }
      return layers.linear(scope.at("fc"), scope.tap("features", h.mean([2, 3])), classes);
    },
    { classes },
  );
}

/** Two 3x3 convolutions beside a shortcut, which is a 1x1 convolution where the shape changes. */
function block(scope: Scope, x: Tensor, width: number, stride: number): Tensor {
  const inner = layers.conv2d(scope.at("conv1"), x, width, 3, { ...CONV, stride });
  const h = layers.batchNorm(scope.at("bn1"), inner).relu();
  const y = layers.batchNorm(scope.at("bn2"), layers.conv2d(scope.at("conv2"), h, width, 3, CONV));
  if (stride === 1 && x.shape[1] === width) return y.add(x).relu();
  const shortcut = layers.conv2d(scope.at("downsample.0"), x, width, 1, { ...CONV, stride });
  return y.add(layers.batchNorm(scope.at("downsample.1"), shortcut)).relu();
}
