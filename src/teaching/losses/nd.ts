/**
 * ND: regularise feature norm and direction (Wang et al., "Improving Knowledge Distillation via Regularizing Feature
 * Norm and Direction", 2023): L = mean_b (1 - ⟨s, ê_y⟩ / max(‖s‖, ‖t‖)), ê_y the unit mean of the teacher's embeddings
 * of class y. Below the teacher's norm it pushes the norm up and turns; above it only turns.
 *
 * Widths that differ are projected by batch normalisation and a linear layer. The reference also drops half of the
 * features there; that keeps the loss high in small runs, so it is left out. The projection runs in training only,
 * hence batch statistics suffice. This loss is not 0 at student = teacher: its target is the class mean.
 */
import { fail } from "../../errors.ts";
import { gather, maximum, type Tensor } from "../../tensor/index.ts";
import { type AdapterScope, project } from "./adapter.ts";
import { type Loss, tapOf } from "./loss.ts";
import { unit } from "./vector.ts";

export interface NdOptions {
  /** Tap paths of the embeddings (input of the last layer), flattened to `[B, d]`. */
  readonly student: string;
  readonly teacher: string;
}

export function nd({ student, teacher }: NdOptions): Loss {
  return (outputs, targets, { labels, adapters }) => {
    const t = tapOf(targets, teacher, "teacher").flatten(1);
    const means =
      targets.classMeans.get(teacher) ??
      fail(
        "E_LOSS_MEANS",
        `The class means of the teacher's "${teacher}" are missing.`,
        "Label the training data first.",
      );
    const own = tapOf(outputs, student, "student").flatten(1);
    const s = own.dims[1] === t.dims[1] ? own : normalisedProjection(own, t.dims[1]!, adapters);
    const centre = gather(unit(means), labels);
    const size = maximum(length(s), length(t));
    const loss = s.mul(centre).sum(-1).div(size).mean().neg().add(1);
    return { loss, parts: { nd: loss } };
  };
}

/** ‖x‖ `[B]`; the 1e-12 of the specification bounds the quotient at zero vectors. */
function length(x: Tensor): Tensor {
  return x.square().sum(-1).add(1e-12).sqrt();
}

function normalisedProjection(x: Tensor, width: number, adapters: AdapterScope | undefined): Tensor {
  if (!adapters)
    fail("E_LOSS_ADAPTER", `Widths ${x.dims[1]} and ${width} differ and there is no place for an adapter.`);
  const centred = x.sub(x.mean(0, true));
  const normal = centred.div(centred.square().mean(0, true).add(1e-5).sqrt());
  return project(adapters.at("embedding"), normal, width);
}
