/**
 * CC (RepDistiller): the loss that the CRD benchmark calls correlation congruence. It is not the published formula of
 * Peng et al. (ICCV 2019), so it is named after where it comes from.
 *
 * δ = |f_s - f_t| `[B, d]`; L = mean over i of Σ_d δ_i·δ_{i+1}, over consecutive examples; weight 0.02. Both sides go
 * through linear embeddings to 128 numbers, which are trained, the teacher's too; `width: 0` compares the features
 * themselves (then 0 at student = teacher, and widths must agree).
 */
import { fail } from "../../errors.ts";
import { needAdapters, project } from "./adapter.ts";
import { type Loss, tapOf } from "./loss.ts";

export interface CcOptions {
  /** Taps of both sides `[B, ...]`. */
  readonly student: string;
  readonly teacher: string;
  /** Of the embeddings; 0 for none. */
  readonly width?: number;
}

/** Needs at least two examples. @throws E_LOSS_SHAPE */
export function cc({ student, teacher, width = 128 }: CcOptions): Loss {
  return (outputs, targets, { adapters }) => {
    let s = tapOf(outputs, student, "student").flatten(1);
    let t = tapOf(targets, teacher, "teacher").flatten(1);
    if (width > 0) {
      const scope = needAdapters(adapters, "CC embeds both sides,");
      s = project(scope.at("student"), s, width);
      t = project(scope.at("teacher"), t, width);
    }
    const [batch = 0, size] = s.dims;
    if (size !== t.dims[1] || batch < 2) {
      fail("E_LOSS_SHAPE", `CC compares [${s.dims}] with [${t.dims}].`, "Give two or more examples of one width.");
    }
    const delta = s.sub(t).abs();
    const loss = delta.slice(0, 0, -1).mul(delta.slice(0, 1)).sum(1).mean();
    return { loss, parts: { cc: loss } };
  };
}
