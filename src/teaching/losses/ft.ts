/**
 * Factor transfer (Kim, Park & Kwak, NeurIPS 2018): a paraphraser condenses the teacher's map to a factor, a translator
 * makes the student's factor, and the two are compared.
 *
 * Paraphraser: three 3×3 convolutions with leaky ReLU (0.1) to half the teacher's channels, and three back; it is
 * trained only by mean((decode(encode(F_t)) - F_t)²). Translator: the same encoder with batch norm, on F_s.
 * Factor vectors as in RepDistiller: v = mean over channels of squares, divided by its length; L = mean |v_s - v_t| over
 * batch and positions, weight 200. The references train the paraphraser beforehand; here both learn side by side,
 * `reconstruction` being the weight of the paraphraser's loss inside (1/200: 1 in total). Not 0 at student = teacher.
 */
import { leakyRelu, type Tensor } from "../../tensor/index.ts";
import { type AdapterScope, needAdapters } from "./adapter.ts";
import { batchNormalised, convolve } from "./adapter-layers.ts";
import { attention } from "./at.ts";
import { type Loss, tapOf } from "./loss.ts";
import { poolToCommon } from "./resize.ts";

export interface FtOptions {
  /** Tap paths of feature maps `[B, c, h, w]`. */
  readonly student: string;
  readonly teacher: string;
  /** Channels of a factor, as a share of the teacher's. */
  readonly rate?: number;
  readonly reconstruction?: number;
}

export function ft({ student, teacher, rate = 0.5, reconstruction = 1 / 200 }: FtOptions): Loss {
  return (outputs, targets, { adapters }) => {
    const scope = needAdapters(adapters, "Factor transfer has a paraphraser and a translator,");
    const t = tapOf(targets, teacher, "teacher");
    const width = t.dims[1]!;
    const inner = Math.max(1, Math.floor(width * rate));
    const factor = stack(scope.at("encoder"), t, [width, inner, inner]);
    const rebuilt = stack(scope.at("decoder"), factor, [inner, width, width]);
    const s = tapOf(outputs, student, "student");
    const translated = stack(scope.at("translator"), s, [s.dims[1]!, inner, inner], true);
    // The student must not pull the teacher's factor towards its own.
    const [own, other] = poolToCommon(translated, factor.stopGradient());
    const transfer = attention(own).sub(attention(other)).abs().mean();
    const rebuild = rebuilt.sub(t).square().mean();
    return { loss: transfer.add(rebuild.mul(reconstruction)), parts: { factor: transfer, paraphrase: rebuild } };
  };
}

/** 3×3 convolutions of these widths with leaky ReLU behind each. */
function stack(scope: AdapterScope, x: Tensor, widths: readonly number[], normal = false): Tensor {
  return widths.reduce((h, width, i) => {
    const layer = scope.at(`${i + 1}`);
    const y = convolve(layer.at("conv"), h, width, { kernel: 3 });
    return leakyRelu(normal ? batchNormalised(layer.at("norm"), y) : y, 0.1);
  }, x);
}
