/**
 * TinyBERT (Jiao et al., Findings of EMNLP 2020, equations 5-11): every layer of the student imitates one of the teacher.
 *
 * L = MSE(E_S·W_e, E_T) + Σ_m [MSE(H_S·W_h, H_T) + Σ over heads and pairs of MSE(A_S, A_T)] at layers m and
 * g(m) = m·N/M, A the attention scores before the softmax (scaled; of pairs that see each other), means over all
 * elements; W_e and W_h are trained, also where widths agree, one W_h for all layers as in the reference. The second
 * stage adds soft cross-entropy -Σ p_T log p_S of the answers at T = 1. Heads must agree in number. Weights 1.
 */
import { fail } from "../../../errors.ts";
import type { Tensor } from "../../../tensor/index.ts";
import { needAdapters } from "../adapter.ts";
import { type Loss, type Outputs, sameLogits, tapOf } from "../loss.ts";
import { attentionTaps } from "./minilm.ts";
import { causalMask, relationScores } from "./relations.ts";

/** Where a model taps what TinyBERT reads; the names of `gpt` are the defaults. */
export interface TransformerTaps {
  readonly layers: number;
  /** Token embeddings `[B, T, D]`. */
  readonly embedding?: string;
  /** Output of layer m (from 1), `[B, T, D]`. */
  readonly hidden?: (layer: number) => string;
  /** Prefix of the taps q, k, v of layer m (from 1), `[B, H, T, d]`. */
  readonly attention?: (layer: number) => string;
}

export interface TinyBertOptions {
  readonly student: TransformerTaps;
  readonly teacher: TransformerTaps;
  readonly causal?: boolean;
}

/** g(m) for m = 1..M: teacher layers at equal distances, the last one for the last. @throws E_LOSS_LAYERS */
export function uniformLayers(student: number, teacher: number): number[] {
  if (student < 1 || teacher % student !== 0) {
    fail(
      "E_LOSS_LAYERS",
      `${student} student layers cannot be spread evenly over ${teacher} teacher layers.`,
      "Use a number of layers that divides the teacher's.",
    );
  }
  return Array.from({ length: student }, (_, m) => ((m + 1) * teacher) / student);
}

/** The first stage: embedding, hidden states, attention. @throws E_TAP, E_LOSS_HEADS, E_LOSS_LAYERS */
export function tinyBert({ student, teacher, causal = true }: TinyBertOptions): Loss {
  const map = uniformLayers(student.layers, teacher.layers);
  const [ours, theirs] = [named(student), named(teacher)];
  return (outputs, targets, { adapters }) => {
    const scope = needAdapters(adapters, "TinyBERT projects the student's vectors,");
    const s = sequence(outputs, ours.embedding, "student");
    const t = sequence(targets, theirs.embedding, "teacher");
    const [from, to] = [s.dims.at(-1)!, t.dims.at(-1)!];
    const weight = (name: string) => scope.param(name, [from, to], 1 / Math.sqrt(from));
    const projection = weight("hidden");
    const embedding = mse(s.matmul(weight("embedding")), t);
    const hidden = map.map((m, i) => {
      const own = sequence(outputs, ours.hidden(i + 1), "student");
      return mse(own.matmul(projection), sequence(targets, theirs.hidden(m), "teacher"));
    });
    const attention = map.map((m, i) => {
      const a = attentionTaps(outputs, ours.attention(i + 1), "student");
      const b = attentionTaps(targets, theirs.attention(m), "teacher");
      return attentionMse(relationScores(a.q, a.k), relationScores(b.q, b.k), causal);
    });
    const sum = (terms: readonly Tensor[]) => terms.reduce((x, y) => x.add(y));
    const parts = { embedding, hidden: sum(hidden), attention: sum(attention) };
    return { loss: embedding.add(parts.hidden).add(parts.attention), parts };
  };
}

/** -Σ softmax(z_T/T)·log softmax(z_S/T), mean over the batch: the second stage's loss; its least value is H(p_T). */
export function softCrossEntropy({ temperature = 1 }: { readonly temperature?: number } = {}): Loss {
  return (outputs, targets) => {
    sameLogits(outputs, targets);
    const p = targets.logits.div(temperature).softmax();
    const loss = p.mul(outputs.logits.div(temperature).logSoftmax()).sum(-1).mean().neg();
    return { loss, parts: { softCrossEntropy: loss } };
  };
}

/** MSE of scores `[B, H, T, T]`, over the pairs that see each other. @throws E_LOSS_HEADS */
export function attentionMse(student: Tensor, teacher: Tensor, causal: boolean): Tensor {
  if (`${student.dims}` !== `${teacher.dims}`) {
    fail(
      "E_LOSS_HEADS",
      `The student's attention is [${student.dims}], the teacher's [${teacher.dims}].`,
      "TinyBERT compares head by head: both need as many heads and the same tokens.",
    );
  }
  const error = student.sub(teacher.stopGradient()).square();
  if (!causal) return error.mean();
  const [batch = 1, heads = 1, length = 1] = student.dims;
  const pairs = (batch * heads * length * (length + 1)) / 2;
  return causalMask(length).where(error, 0).sum().div(pairs);
}

const mse = (a: Tensor, b: Tensor): Tensor => a.sub(b).square().mean();

function named(taps: TransformerTaps) {
  return {
    embedding: taps.embedding ?? "embedding",
    hidden: taps.hidden ?? ((layer: number) => `stage${layer}`),
    attention: taps.attention ?? ((layer: number) => `blocks.${layer - 1}`),
  };
}

function sequence(side: Outputs, path: string, whose: "student" | "teacher"): Tensor {
  const x = tapOf(side, path, whose);
  return x.rank === 3
    ? x
    : fail("E_LOSS_SHAPE", `The ${whose}'s "${path}" is [${x.dims}].`, "Vectors per token [B, T, D] were expected.");
}
