/**
 * Which answer is explained: the teacher's most probable class, for teacher and student alike, never the label and never
 * the student's own choice (Parchami-Araghi et al., ECCV 2024, section 3.1).
 */
import { oneHot, type Tensor } from "../../../tensor/index.ts";

/**
 * Combination of logits to explain, `[B, C]`: the class alone, e_ŷ; with `contrast` the class against the mean of all
 * others, e_ŷ - Σ_{c≠ŷ} e_c / (C-1), which also shows evidence that was hidden in another class's logit.
 * classes: i32 `[B]`.
 */
export function directionOf(classes: Tensor, count: number, contrast: boolean, dtype: "f32" | "f64" = "f32"): Tensor {
  const own = oneHot(classes, count, dtype);
  // e - (1 - e)/(C-1) = e·C/(C-1) - 1/(C-1)
  return contrast && count > 1 ? own.mul(count / (count - 1)).sub(1 / (count - 1)) : own;
}

/** The teacher's most probable class, i32 `[B]`. */
export const explainedClass = (teacherLogits: Tensor): Tensor => teacherLogits.argmax();
