/** Exams inside a cell: a network or a teacher on a part of the data. */
import type { ArrayDataset } from "../../data/dataset.ts";
import { networkExaminee, teacherExaminee } from "../../teaching/answer.ts";
import { type Answers, type ExamResult, examine } from "../../teaching/exams/index.ts";
import type { Network, NetworkState } from "../../teaching/network.ts";
import type { Teacher } from "../../teaching/teacher.ts";

export type Sat = Omit<ExamResult, "metrics"> & {
  readonly metrics: Readonly<Record<string, number>>;
  readonly answers: Answers;
};

/** A network's exam; `said`, the teacher's answers on the same examples, adds the agreement. */
export async function sit(network: Network, state: NetworkState, dataset: ArrayDataset, said?: Answers): Promise<Sat> {
  const examinee = networkExaminee(network);
  try {
    const answers = await examinee.answer(state, dataset);
    const exam = examine(answers, dataset.labels, said);
    return { ...exam, metrics: { ...exam.metrics }, answers };
  } finally {
    await examinee.release();
  }
}

/** A teacher's exam. */
export async function ask(teacher: Teacher, dataset: ArrayDataset): Promise<Sat> {
  const examinee = teacherExaminee(teacher);
  try {
    const answers = await examinee.answer(undefined, dataset);
    const exam = examine(answers, dataset.labels);
    return { ...exam, metrics: { ...exam.metrics }, answers };
  } finally {
    await examinee.release();
  }
}
