/**
 * The class as one network: every student reads all of x, their chunks are put side by side, and the head reads the
 * whole: logits = W·f(dropout(s_1(x) ... s_n(x))) + b. It serves phases 2 and 3, the exams, and as the same network
 * trained from scratch.
 */
import { defineModel, layers, type Model } from "../../nn/index.ts";
import { concat } from "../../tensor/index.ts";
import { composed } from "./compose.ts";
import type { Head } from "./head.ts";

export interface HeadModelOptions {
  readonly d: number;
  readonly classes: number;
  readonly activation: Head["activation"];
  /** Between activation and head, while training. */
  readonly dropout: number;
}

/** Parameters weight [classes, d], bias [classes]: `flatHead` of a head. */
export function headModel({ d, classes, activation, dropout }: HeadModelOptions): Model {
  return defineModel(
    "head",
    [d],
    (scope, z) => {
      const a = activation === "relu" ? z.relu() : z;
      return layers.linear(scope, layers.dropout(scope, a, dropout), classes);
    },
    { classes },
  );
}

/** Students in the order of their chunks. Taps: "representation" `[B, d]` and those of the parts. */
export function classModel(students: readonly Model[], head: Model): Model {
  const parts = [...students.map((s, k) => [`student${k + 1}`, s] as const), ["head", head] as const];
  const { inputShape } = students[0]!;
  return composed({
    name: `class of ${students.length}`,
    inputShape,
    parts,
    ...(head.classes !== undefined && { classes: head.classes }),
    forward: (x, run) => {
      const chunks = students.map((_, k) => run(`student${k + 1}`, x).output);
      return run("head", chunks.length > 1 ? concat(chunks, 1) : chunks[0]!).output;
    },
  });
}
