/** What a reader of the report has to know. */
import { isFile } from "../kit/cast.ts";
import type { Json } from "../system.ts";
import { middle } from "./arms.ts";
import type { NdOptions } from "./options.ts";

interface About {
  readonly adapter: boolean;
  /** Of the teacher's class means. */
  readonly facts: { readonly [key: string]: Json };
  readonly chosen?: number;
}

export function notesOf(options: NdOptions, { adapter, facts, chosen }: About): string[] {
  const { pair, dropout, labels, ablations, lambdas, mirror, train, teacher } = options;
  const examples = train === 0 ? "all training examples" : `up to ${train} training examples, the same for all seeds`;
  return [
    `Students learned from ${examples}${mirror ? ", each as it is and mirrored" : ""}; the teacher ${isFile(teacher) ? "came trained" : "from the whole training part unless its arm says otherwise"}. The teacher's embedding is "${facts.tap}" of width ${facts.width}; its class means: ${facts.means}.`,
    `Weights and warm-up are those of the paper's pair ${pair}: cross-entropy 1, the loss grows over the first twelfth of the epochs from 0, ND does not. Arms of one loss share start values, batches and steps per seed. The arm KD alone has the benchmarks' 0.1 / 0.9 without warm-up, so KD++ is compared with KD λ=0.`,
    ...(adapter
      ? [
          `Student and teacher differ in width. In training ND sees the student through batch norm, ${dropout > 0 ? `dropout ${dropout} and ` : ""}a linear layer (the reference drops half of the features there); they are thrown away. Norm ratio and direction of all arms are measured through a projection of the same form, fitted on the frozen student afterwards: with batch norm in front, the norm is the projection's and says nothing about the student.`,
        ]
      : []),
    ...(labels === "teacher"
      ? ["Students and class means had the teacher's guesses for labels; exams use the true ones."]
      : []),
    ...(ablations.length > 0
      ? [
          `The terms in place of ND have the weight ${middle(lambdas)}; their scales differ, so equal weights are not equal strengths.`,
        ]
      : []),
    ...(chosen === undefined
      ? []
      : [`Of the weights ${[...lambdas].join(", ")} of ND on KD, ${chosen} was the best on the validation part.`]),
    ...(options.explore
      ? ["Several conditions are looked at with a 95 % interval each: one in twenty lies off 0 by chance."]
      : []),
  ];
}
