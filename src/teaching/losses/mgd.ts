/**
 * Masked generative distillation (Yang et al., ECCV 2022, equations 3-5): the student's map, with parts hidden, has to
 * generate the teacher's whole one.
 *
 * F_s is brought to the teacher's width by a 1×1 convolution where they differ; a mask hides each channel (of an image:
 * `[B, C, 1, 1]`, classification) or each position (`[B, 1, H, W]`, detection) with probability λ;
 * G = conv3×3(ReLU(conv3×3(masked))); L = Σ(G - F_t)²/B. Weight 7e-5 and λ = 0.15 for classification; detection uses
 * 2e-5 and 0.65 (RetinaNet) or 5e-7 and 0.45 (Cascade to Faster R-CNN), segmentation 2e-5 and 0.75, by positions.
 * Not 0 at student = teacher: the generator has to be learnt.
 */
import { fail } from "../../errors.ts";
import { randomUniform, type Tensor } from "../../tensor/index.ts";
import { needAdapters } from "./adapter.ts";
import { convolve } from "./adapter-layers.ts";
import { type Loss, type LossBatch, tapOf } from "./loss.ts";
import { poolToCommon } from "./resize.ts";

export interface MgdOptions {
  /** Tap paths of feature maps `[B, c, h, w]`. */
  readonly student: string;
  readonly teacher: string;
  /** λ, the share that is hidden. */
  readonly hidden?: number;
  readonly by?: "channel" | "position";
}

/** Draws a mask per step where the batch has a key; without one nothing is hidden. @throws E_RANGE */
export function mgd({ student, teacher, hidden = 0.15, by = "channel" }: MgdOptions): Loss {
  if (!(hidden >= 0 && hidden < 1)) fail("E_RANGE", `MGD hides the share ${hidden}.`, "Use 0 up to 1.");
  return (outputs, targets, batch) => {
    const scope = needAdapters(batch.adapters, "MGD generates the teacher's map,");
    const [s, t] = poolToCommon(tapOf(outputs, student, "student"), tapOf(targets, teacher, "teacher"));
    const width = t.dims[1]!;
    const aligned = s.dims[1] === width ? s : convolve(scope.at("align"), s, width);
    const masked = masks(aligned, hidden, by, batch);
    const inner = convolve(scope.at("conv1"), masked, width, { kernel: 3 }).relu();
    const made = convolve(scope.at("conv2"), inner, width, { kernel: 3 });
    const loss = made.sub(t).square().sum().div(t.dims[0]!);
    return { loss, parts: { mgd: loss } };
  };
}

function masks(x: Tensor, hidden: number, by: "channel" | "position", { key }: LossBatch): Tensor {
  if (!key || hidden === 0) return x;
  const [batch = 1, channels = 1, height = 1, width = 1] = x.dims;
  const shape = by === "channel" ? [batch, channels, 1, 1] : [batch, 1, height, width];
  return x.mul(randomUniform(key, shape).ge(hidden).cast(x.dtype));
}
