/** Mistakes in systems; see table.ts. */
import type { Mutant } from "./table.ts";

type Row = readonly [file: string, what: string, from: string, to: string];

const rows = (folder: string, tests: readonly string[], list: readonly Row[]): Mutant[] =>
  list.map(([file, what, from, to]) => ({
    ...{ file: `src/systems/${folder}/${file}.ts`, what, from, to },
    tests: tests.map((t) => `src/systems/${folder}/${t}.test.ts`),
  }));

const ND = rows(
  "nd",
  ["terms", "warmup", "geometry"],
  [
    ["terms", "sides of the norm term swapped", "length(t).sub(length(s)).relu()", "length(s).sub(length(t)).relu()"],
    [
      "terms",
      "norm term twice",
      "direction(s, t, centre).add(norm(s, t, centre))",
      "norm(s, t, centre).add(norm(s, t, centre))",
    ],
    ["terms", "centre of the student's guess", "gather(unit(means), labels)", "gather(unit(means), labels.mul(0))"],
    ["warmup", "weight of the next epoch", ".add(1e-4).floor()", ".add(1e-4).floor().add(1)"],
    [
      "geometry",
      "ratio upside down",
      "meanOf(lengths) / Math.max(meanOf(norms), TINY)",
      "meanOf(norms) / Math.max(meanOf(lengths), TINY)",
    ],
    ["geometry", "nearest by dot product", "dot / Math.max(centres[c]!, TINY)", "dot"],
  ],
);

const DESIGNER = rows(
  "curriculum-designer",
  ["design/design", "measures/measures"],
  [
    [
      "design/score",
      "similar first, then unlike",
      "next: d, end: d.map((row) => row.map((x) => 1 - x))",
      "next: d.map((row) => row.map((x) => 1 - x)), end: d",
    ],
    ["design/score", "off by one from the end", "order[size - i]!", "order[size - i - 1]!"],
    ["design/score", "never moves on", "    current = order[i]!;", "    current = order[0]!;"],
    ["design/score", "begin at the edge", "start: v.map((x) => 1 - x)", "start: v.map((x) => x)"],
    ["measures/outcome", "forgetting turned round", "t1[0]! - t1.at(-1)!", "t1.at(-1)! - t1[0]!"],
    [
      "measures/outcome",
      "harmonic mean without the 2",
      "(2 * alpha) / (beta * alpha + 1)",
      "alpha / (beta * alpha + 1)",
    ],
  ],
);

const LAWS = rows(
  "scaling-laws",
  ["law", "plan"],
  [
    ["law", "sign of c0", "-c0 * teacher - kappa * gap", "c0 * teacher - kappa * gap"],
    ["law", "d1 on the wrong side", "teacher - logAlone - Math.log(d1)", "teacher - logAlone + Math.log(d1)"],
    [
      "flops",
      "a token of training costs two",
      "return 3 * flopsPerToken(NS, family) * DS +",
      "return 2 * flopsPerToken(NS, family) * DS +",
    ],
    ["kernel-regression", "student's norm ignored", "copied < studentNorm ? 1 : studentNorm / copied", "1"],
  ],
);

const ORC = rows(
  "orc",
  ["ranking", "feedback", "intensive", "iteration"],
  [
    [
      "ranking",
      "worst in place of best",
      "marks[a]!.meanLoss - marks[b]!.meanLoss",
      "marks[b]!.meanLoss - marks[a]!.meanLoss",
    ],
    ["feedback", "the best student's examples", "Math.exp(loss - top)", "Math.exp(top - loss)"],
    ["intensive", "shares of the labels swapped", "  return against(y)", "  return against(fed)"],
    ["iteration", "the promoted learn in the group, too", "if (!promoted.includes(i)) losses.set", "losses.set"],
    ["iteration", "labels and teacher swapped", "on ? [1 - beta, beta] : [1, 0]", "on ? [beta, 1 - beta] : [1, 0]"],
  ],
);

const E2KD = rows(
  "e2kd",
  ["loss", "explain/explain"],
  [
    ["loss", "off by one step", "step.div(every).add(1e-4).floor()", "step.div(every).add(1e-4).ceil()"],
    ["loss", "student's class explained", "explainedClass(targets.logits)", "explainedClass(outputs.logits)"],
    ["explain/grad-cam", "ReLU forgotten", ".sum(1, true).relu()", ".sum(1, true)"],
    ["explain/grad-cam", "weights not averaged over positions", "mul(1 / (h * w))", "mul(1)"],
  ],
);

export const SYSTEM_MUTANTS: readonly Mutant[] = [...ND, ...DESIGNER, ...LAWS, ...ORC, ...E2KD];
