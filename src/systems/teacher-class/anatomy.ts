/**
 * The anatomy of the plain families of networks, read off their parameters: multi-layer perceptrons and plain
 * convolutional networks. Whoever knows it can build the same network narrower (classes of equal total size) or n of
 * them as one with grouped layers. Other architectures have none here and are kept as they are.
 */
import { type CnnStage, cnn, type Model, mlp } from "../../nn/index.ts";
import { tapShapes } from "../../teaching/network.ts";

export type Anatomy =
  | { readonly family: "mlp"; readonly inputShape: readonly number[]; readonly hidden: readonly number[] }
  | { readonly family: "cnn"; readonly inputShape: readonly number[]; readonly stages: readonly Required<CnnStage>[] };

/** Undefined where the model belongs to neither family. */
export function anatomyOf(model: Model): Anatomy | undefined {
  const candidate = mlpOf(model) ?? cnnOf(model);
  if (!candidate) return undefined;
  // The same layout and the same intermediates: it is that network.
  const width = model.params.entries.at(-1)!.size;
  const twin = rebuilt(candidate, width);
  const same =
    pathsOf(twin) === pathsOf(model) && String([...tapShapes({ model: twin })]) === String([...tapShapes({ model })]);
  return same ? candidate : undefined;
}

/** The family's network with `width` outputs; hidden widths times `scale`, at least 1. */
export function rebuilt(anatomy: Anatomy, width: number, scale = 1): Model {
  const scaled = (n: number) => Math.max(1, Math.round(n * scale));
  const { inputShape } = anatomy;
  return anatomy.family === "mlp"
    ? mlp({ name: "mlp", inputShape, classes: width, hidden: anatomy.hidden.map(scaled) })
    : cnn({
        name: "cnn",
        inputShape,
        classes: width,
        stages: anatomy.stages.map((stage) => ({ ...stage, width: scaled(stage.width) })),
      });
}

const pathsOf = ({ params, buffers }: Model): string =>
  [...params.entries, ...buffers.entries].map(({ path, shape }) => `${path} ${shape}`).join("\n");

function mlpOf({ params, inputShape }: Model): Anatomy | undefined {
  const weights = params.entries.filter(({ path }) => path.endsWith(".weight"));
  if (!weights.every(({ path }, i) => path === `fc${i + 1}.weight`)) return undefined;
  return { family: "mlp", inputShape, hidden: weights.slice(0, -1).map(({ shape }) => shape[0]!) };
}

function cnnOf(model: Model): Anatomy | undefined {
  const { params, inputShape } = model;
  const convolutions = params.entries.filter(({ path }) => /^stage\d+\.\d+\.conv\.weight$/.test(path));
  if (convolutions.length === 0 || inputShape.length !== 3 || params.entries.at(-1)?.path !== "fc.bias")
    return undefined;
  const taps = tapShapes({ model });
  let size = inputShape[1]!;
  const stages: Required<CnnStage>[] = [];
  for (let s = 1; ; s++) {
    const own = convolutions.filter(({ path }) => path.startsWith(`stage${s}.`));
    const after = taps.get(`stage${s}`)?.[2];
    const first = own[0];
    if (!first || !after) break;
    stages.push({
      width: first.shape[0]!,
      depth: own.length,
      stride: Math.round(size / after),
      kernel: first.shape[2]!,
    });
    size = after;
  }
  return stages.length > 0 ? { family: "cnn", inputShape, stages } : undefined;
}
