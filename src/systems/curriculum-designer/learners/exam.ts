/** Exams of many lanes on the same examples: per lane the accuracy on each task that it has met. */
import { type HostTensor, host } from "../../../tensor/index.ts";
import type { answerProgram } from "./programs.ts";

export interface Exam {
  readonly name: "validation" | "test";
  /** [n, ...inputShape] */
  readonly x: HostTensor;
  readonly labels: Int32Array;
}

/** Rows at once: feature maps of a network stay small, a head does not notice. */
const ROWS = 500;

/** [lane][task]: accuracy on tasks 0..`until`, NaN beyond. */
export async function sitExam(
  answer: ReturnType<typeof answerProgram>,
  state: { readonly params: HostTensor; readonly buffers: HostTensor },
  { x, labels }: Exam,
  tasks: readonly (readonly (readonly number[])[])[],
  until: number,
): Promise<number[][]> {
  const lanes = tasks.length;
  const classes = Math.max(...labels) + 1;
  const size = x.data.length / labels.length;
  const right = new Int32Array(lanes * classes);
  const all = new Int32Array(classes);
  for (const label of labels) all[label]!++;
  for (let from = 0; from < labels.length; from += ROWS) {
    const count = Math.min(ROWS, labels.length - from);
    const rows = host(x.data.slice(from * size, (from + count) * size), [count, ...x.shape.slice(1)]);
    const said = (await answer(state, rows)).data as Int32Array;
    for (let r = 0; r < lanes; r++) {
      for (let i = 0; i < count; i++) {
        const label = labels[from + i]!;
        if (said[r * count + i] === label) right[r * classes + label]!++;
      }
    }
  }
  return tasks.map((list, r) =>
    list.map((members, task) => {
      if (task > until) return Number.NaN;
      const of = (counts: Int32Array, at: number) => members.reduce((sum, c) => sum + counts[at + c]!, 0);
      return of(right, r * classes) / of(all, 0);
    }),
  );
}

/** a_k and t_k from the marks after each task: `marks[k][task]`. */
export function curvesOf(marks: readonly (readonly number[])[]): { avg: number[]; t1: number[] } {
  return {
    avg: marks.map((mark, k) => mark.slice(0, k + 1).reduce((sum, x) => sum + x, 0) / (k + 1)),
    t1: marks.map((mark) => mark[0]!),
  };
}
