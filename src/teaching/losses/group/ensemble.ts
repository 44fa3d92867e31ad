/**
 * Students under their own ensemble: ONE (Lan, Zhu & Gong, NeurIPS 2018) and KDCL (Guo et al., CVPR 2020).
 *
 * The target z_e is made of the students' logits and detached; L_k = T²·KL(softmax(z_e/T) ‖ softmax(z_k/T)), mean over
 * the batch. Rules for z_e: "mean"; "gate", Σ_k g_k·z_k with weights of a gate (ONE, T = 3); "minLoss", per example the
 * logits of the student with the least cross-entropy (KDCL-Naive); "minLogit", the least of z_k - z_k[y] over the
 * students, class by class (KDCL-MinLogit, T = 2). ONE also trains the ensemble itself on the labels, through the gate.
 */
import { fail } from "../../../errors.ts";
import { oneHot, stack, type Tensor } from "../../../tensor/index.ts";
import { klFromLogs } from "../vector.ts";
import { needStudents } from "./mutual.ts";

export interface EnsembleOptions {
  readonly rule?: "mean" | "gate" | "minLoss" | "minLogit";
  readonly temperature?: number;
  /** For "gate": `[B, K]`, rows that sum to 1. */
  readonly gate?: Tensor;
}

/** The group's logits `[B, C]`, not detached. labels i32 `[B]`. @throws E_LOSS_GROUP */
export function ensembleLogits(
  logits: readonly Tensor[],
  labels: Tensor,
  { rule = "mean", gate }: EnsembleOptions = {},
): Tensor {
  needStudents(logits, 1);
  const all = stack(logits, 1); // [B, K, C]
  if (rule === "mean") return all.mean(1);
  if (rule === "gate") {
    const weights = gate ?? fail("E_LOSS_GROUP", "The gate's weights are missing.", "Give gate: [batch, students].");
    return all.mul(weights.expandDims(-1)).sum(1);
  }
  const right = oneHot(labels, all.dims[2]!, all.dtype === "f64" ? "f64" : "f32").expandDims(1);
  if (rule === "minLogit") return all.sub(all.mul(right).sum(-1, true)).min(1);
  const loss = all.logSoftmax().mul(right).sum(-1).neg(); // [B, K]
  const best = oneHot(loss.argmin(1), logits.length, all.dtype === "f64" ? "f64" : "f32");
  return all.mul(best.expandDims(-1)).sum(1);
}

/**
 * What each student has to learn from the ensemble, one scalar per student, and the ensemble's logits (for a label
 * term of their own, as ONE has it).
 */
export function ensembleDistillation(
  logits: readonly Tensor[],
  labels: Tensor,
  options: EnsembleOptions = {},
): { losses: Tensor[]; ensemble: Tensor } {
  const { rule = "mean", temperature = rule === "minLogit" || rule === "minLoss" ? 2 : 3 } = options;
  const ensemble = ensembleLogits(logits, labels, { ...options, rule });
  const target = ensemble.stopGradient().div(temperature).logSoftmax();
  const losses = logits.map((z) =>
    klFromLogs(target, z.div(temperature).logSoftmax())
      .mean()
      .mul(temperature ** 2),
  );
  return { losses, ensemble };
}
