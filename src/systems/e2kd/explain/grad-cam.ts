/**
 * GradCAM (Selvaraju et al., ICCV 2017): M = ReLU(Σ_k a_k F_k), a_k the mean over positions of ∂z/∂F_k, F the last
 * feature map. Not normalised: the cosine that compares maps removes their scale.
 *
 * Where the head is global average pooling and one linear layer, a_k = W[ŷ,k] / (h·w) and GradCAM is CAM (Zhou et al.,
 * CVPR 2016): no gradient has to be taken. Whether that is so is read off the graph itself, so that anything between
 * pooling and logits (a hidden layer, dropout, a norm) leads to the general way.
 */

import { type Outputs, tapOf } from "../../../teaching/losses/loss.ts";
import { resize, type Tensor } from "../../../tensor/index.ts";
import { type Explainer, pullBack } from "./explainer.ts";

export interface GradCamOptions {
  /** Tap with the feature map `[B, K, h, w]`. */
  readonly tap: string;
  /** "auto" (default) takes the shortcut where the graph allows it; "gradient" never does. */
  readonly route?: "auto" | "gradient";
  /** Resize the map to this height and width (bilinear), as the reference does; its own size where not given. */
  readonly size?: readonly [number, number];
}

export function gradCam({ tap, route = "auto", size }: GradCamOptions): Explainer {
  const explain = (seen: Outputs, direction: Tensor): Tensor => {
    const features = tapOf(seen, tap, "student");
    const head = route === "auto" ? gapHead(seen.logits, features) : undefined;
    const weights = head ? camWeights(head, direction, features) : gradWeights(seen.logits, direction, features, tap);
    const map = features.mul(weights.expandDims(2, 3)).sum(1, true).relu();
    return size ? resize(map, size) : map;
  };
  return { id: `grad-cam ${size ?? "own size"}`, taps: [tap], explain, evidence: explain };
}

/** a_k by differentiation, `[B, K]`. */
function gradWeights(logits: Tensor, direction: Tensor, features: Tensor, tap: string): Tensor {
  return pullBack(logits, direction, features, `the feature map "${tap}"`).mean([2, 3]);
}

/** a_k from the weight `[C, K]` of the linear layer behind the pooling, `[B, K]`. */
export function camWeights(head: Tensor, direction: Tensor, features: Tensor): Tensor {
  const [, , h = 1, w = 1] = features.dims;
  return direction.matmul(head).mul(1 / (h * w));
}

/** The weight `[C, K]` when logits = linear(mean over positions of `features`) and nothing else; undefined otherwise. */
export function gapHead(logits: Tensor, features: Tensor): Tensor | undefined {
  const { op, inputs } = logits.node;
  const [pooled, weight] = inputs;
  if (op.name !== "affine" || !pooled || !weight) return undefined;
  const { op: pool, inputs: from, attrs } = pooled.node;
  const isMean = pool.name === "mean" && String(attrs.axes) === "2,3";
  const same = from[0]?.node === features.node && from[0]?.index === features.index;
  return isMean && same ? weight : undefined;
}
