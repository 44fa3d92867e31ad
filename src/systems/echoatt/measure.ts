/** What a student is judged by: its loss on text that it has not seen, and how far it is from its teacher there. */
import { rowsOf, type TextRows } from "../../language/lesson/index.ts";
import { klFromLogs } from "../../teaching/losses/vector.ts";
import { constant, gatherElements, host, program, type Tensor } from "../../tensor/index.ts";
import type { Trained } from "./surgery.ts";

export type Measures = {
  /** -ln p(next token), nats per token. */
  readonly crossEntropy: number;
  /** KL(teacher ‖ student), nats per token. */
  readonly klToTeacher: number;
  /** Share of tokens on which both name the same next token. */
  readonly agreement: number;
};

/** Rows at once. */
const PIECE = 8;

/** Both models read the same rows in one program; sums over rows in f64. All labels count. */
export async function measured(student: Trained, teacher: Trained, rows: TextRows): Promise<Measures> {
  const said = ({ decoder, params }: Trained, tokens: Tensor): Tensor => {
    const state = { params: constant(host(params)), buffers: constant(host(new Float32Array(0))) };
    return decoder.model.apply(state, tokens).output.logSoftmax();
  };
  const run = program(
    (tokens: Tensor, labels: Tensor) => {
      const [q, p] = [said(student, tokens), said(teacher, tokens)];
      const same = q.argmax(-1).eq(p.argmax(-1)).cast("f32");
      return {
        crossEntropy: gatherElements(q, labels.expandDims(-1), -1).squeeze(-1).neg().mean(-1),
        klToTeacher: klFromLogs(p, q).mean(-1),
        agreement: same.mean(-1),
      };
    },
    { name: "measure" },
  );
  const total = rows.tokens.shape[0]!;
  const sums = { crossEntropy: 0, klToTeacher: 0, agreement: 0 };
  try {
    for (let from = 0; from < total; from += PIECE) {
      const to = Math.min(total, from + PIECE);
      const found = await run(rowsOf(rows.tokens, from, to), rowsOf(rows.labels, from, to));
      for (const name of Object.keys(sums) as (keyof typeof sums)[]) {
        for (const value of found[name].data as Float32Array) sums[name] += value;
      }
    }
  } finally {
    await run.release();
  }
  const { crossEntropy, klToTeacher, agreement } = sums;
  return { crossEntropy: crossEntropy / total, klToTeacher: klToTeacher / total, agreement: agreement / total };
}
