/** The class of a cell: chunks, students, head, and all of them as one network. */

import type { Model } from "../../nn/index.ts";
import type { Network, NetworkState } from "../../teaching/network.ts";
import { key } from "../../tensor/index.ts";
import type { Bench, Outcome } from "../system.ts";
import type { Budget } from "./budget.ts";
import { type Chunks, chunksOf } from "./chunks.ts";
import { classModel, headModel } from "./class-model.ts";
import type { Embedding } from "./embedding.ts";
import { flatHead, type Head, permutedHead } from "./head.ts";
import type { Options } from "./options.ts";
import { narrowedStudents, studentsFor } from "./student.ts";

export interface ClassCast {
  readonly chunks: Chunks;
  readonly students: readonly Network[];
  /** The teacher's head, its columns in the order of the chunks. */
  readonly head: Head;
  readonly top: Model;
  /** All of it: x -> logits. */
  readonly whole: Network;
  /** The state of the copied head. */
  readonly copied: NetworkState;
}

/** Undefined where the student's architecture cannot be narrowed to the budget. */
export async function castOf(
  bench: Pick<Bench<Options>, "data" | "own" | "options">,
  { d, head: taught, statistics }: Embedding,
  n: number,
  budget: Budget,
): Promise<ClassCast | undefined> {
  const { options } = bench;
  const chunks = chunksOf(n, options.chunks, statistics.deviation, key(0));
  const widths = chunks.bounds.map(([from, to]) => to - from);
  const students =
    budget === "student"
      ? await studentsFor(bench, options.student, widths)
      : narrowedStudents((await studentsFor(bench, options.student, [d]))[0]!, widths);
  if (!students) return undefined;
  const head = permutedHead(taught, chunks.order);
  const top = headModel({ d, classes: head.bias.length, activation: head.activation, dropout: options.dropout });
  const model = classModel(
    students.map((s) => s.model),
    top,
  );
  return {
    chunks,
    students,
    head,
    top,
    whole: { ...students[0]!, model },
    copied: { params: flatHead(head), buffers: new Float32Array(0) },
  };
}

/** Of one student: every student of every class draws from a seed of its own, whoever else there is. */
export function studentSeed(seed: number, n: number, k: number, budget: Budget): number {
  return ((seed * 100 + n) * 100 + k) * 2 + (budget === "total" ? 1 : 0);
}

/** The students' states as arrays of an outcome, and back. */
export function arraysOf(states: readonly NetworkState[]): Record<string, Float32Array> {
  return Object.fromEntries(
    states.flatMap(({ params, buffers }, k) => [
      [`student${k + 1}.params`, params],
      [`student${k + 1}.buffers`, buffers],
    ]),
  );
}

export function statesOf({ arrays = {} }: Outcome, n: number): NetworkState[] {
  return Array.from({ length: n }, (_, k) => ({
    params: arrays[`student${k + 1}.params`]!,
    buffers: arrays[`student${k + 1}.buffers`]!,
  }));
}
