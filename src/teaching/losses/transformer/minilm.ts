/**
 * MiniLM (Wang et al., NeurIPS 2020, equations 5-8) and MiniLMv2 (Wang et al., ACL 2021): the student imitates the
 * self-attention of one teacher layer, whatever its width.
 *
 * MiniLM: L = L_AT + L_VR, L_AT = 1/(A·|x|)·Σ_a Σ_t KL(A_T[a,t] ‖ A_S[a,t]) of attention weights softmax(q·kᵀ/√d), L_VR
 * the same of value relations softmax(v·vᵀ/√d); both models' last layers, equal numbers of heads. MiniLMv2: relations
 * q-q, k-k and v-v in A_r relation heads (48 for base models, 64 for large ones), teacher layer 21 of 24 for large
 * teachers, the last for base ones; the widths need only be multiples of A_r. Weights 1.
 */
import { type Loss, type Outputs, tapOf } from "../loss.ts";
import { causalMask, logRelation, relationHeads, relationKl } from "./relations.ts";

export interface MiniLmOptions {
  /** Tap prefix of the attention layer on each side: "blocks.3" stands for "blocks.3.q", ".k" and ".v" `[B, H, T, d]`. */
  readonly student: string;
  readonly teacher: string;
  /** Whether the models see only earlier tokens. Default true, as in GPTs. */
  readonly causal?: boolean;
}

export interface MiniLmV2Options extends MiniLmOptions {
  /** A_r. */
  readonly heads: number;
}

/** Attention and value relations of one layer. @throws E_TAP, E_LOSS_HEADS */
export function miniLm({ student, teacher, causal = true }: MiniLmOptions): Loss {
  return (outputs, targets) => {
    const [s, t] = [attentionTaps(outputs, student, "student"), attentionTaps(targets, teacher, "teacher")];
    const mask = causal ? causalMask(s.q.dims[2]!) : undefined;
    const attention = relationKl(logRelation(s.q, s.k, mask), logRelation(t.q, t.k, mask));
    const value = relationKl(logRelation(s.v, s.v, mask), logRelation(t.v, t.v, mask));
    return { loss: attention.add(value), parts: { attention, value } };
  };
}

/** Query, key and value relations in `heads` relation heads. @throws E_TAP, E_LOSS_HEADS */
export function miniLmV2({ student, teacher, heads, causal = true }: MiniLmV2Options): Loss {
  return (outputs, targets) => {
    const [s, t] = [attentionTaps(outputs, student, "student"), attentionTaps(targets, teacher, "teacher")];
    const mask = causal ? causalMask(s.q.dims[2]!) : undefined;
    const part = (name: "q" | "k" | "v") => {
      const [a, b] = [relationHeads(s[name], heads), relationHeads(t[name], heads)];
      return relationKl(logRelation(a, a, mask), logRelation(b, b, mask));
    };
    const [query, key, value] = [part("q"), part("k"), part("v")];
    return { loss: query.add(key).add(value), parts: { query, key, value } };
  };
}

/** Queries, keys and values of a layer. */
export function attentionTaps(side: Outputs, prefix: string, whose: "student" | "teacher") {
  const tap = (name: string) => tapOf(side, `${prefix}.${name}`, whose);
  return { q: tap("q"), k: tap("k"), v: tap("v") };
}
