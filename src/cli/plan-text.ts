/** The answer of `lyceum plan` as text. */
import type { Advice, Question } from "../systems/scaling-laws/advice.ts";
import { human, shapeOf } from "../systems/scaling-laws/advice.ts";
import type { Prediction } from "../systems/scaling-laws/fit-both.ts";
import { wrap } from "../teaching/report/text.ts";
import { columns } from "./columns.ts";

const flops = (value: number) => value.toExponential(1).replace("e+", "e").replace(".0e", "e");
const loss = ({ loss: value, interval: [low, high] }: Prediction) =>
  `${value.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;

const PAID: Readonly<Record<Question["scenario"], string>> = {
  best: "nothing of the teacher is paid",
  inference: "the teacher's answers are paid",
  pretraining: "the teacher's training is paid",
  both: "the teacher's training and answers are paid",
};

export function adviceText(advice: Advice, { known, N, budget, tokens, scenario, students = 1 }: Question): string {
  const width = process.stdout.columns || 100;
  const { student, teacher, alone, equalTokens, cost, crossing, verdict, warnings, commands, note } = advice;
  const total = cost.student + cost.answers + cost.teacher;
  const shape = shapeOf(N, known.family);
  const given = budget === undefined ? `${human(tokens!)} tokens` : `${flops(budget)} operations`;
  const whose = students > 1 ? `, shared by ${human(students)} students` : "";
  const rows = [
    ["", "tokens", "operations", "expected loss [90 %]"],
    ["distilled", human(student.D), flops(total), loss(student)],
    ["data alone, same operations", human(alone.D), flops(3 * (cost.student / student.D / 3) * alone.D), loss(alone)],
    ["data alone, same tokens", human(student.D), flops(cost.student), loss(equalTokens)],
  ];
  const share = (part: number) => `${Math.round((100 * part) / total)} %`;
  const lines = [
    `A student of ${human(N)} parameters (${shape.layers} layers of width ${shape.width}), ${given}; ${PAID[scenario]}${whose}.`,
    "",
    `Teacher: ${teacherText(teacher)}.`,
    `Operations: student ${share(cost.student)}, teacher's answers ${share(cost.answers)}, teacher's training ${share(cost.teacher)}.`,
    "",
    columns(rows, width),
    "",
    verdictText(verdict, student.loss - alone.loss),
    crossing.tokens === undefined
      ? "With this teacher, plain training does not catch up at any number of tokens by these laws, or was never behind."
      : `With this teacher, plain training catches up at ${human(crossing.tokens)} tokens.`,
    crossing.flops === undefined
      ? `With the best teacher at every budget, distillation keeps more than ${crossing.tolerance} nats ahead, or never is.`
      : `With the best teacher for free, plain training comes within ${crossing.tolerance} nats at ${flops(crossing.flops)} operations.`,
  ];
  const more = [...warnings.map((w) => `Warning: ${w}`), note].flatMap((text) => wrap(text, width));
  const run = commands.length > 0 ? ["", "To do it:", ...commands.map((c) => `  ${c}`)] : [];
  return `${[...lines.flatMap((l) => (l === "" || l.includes("\n") ? [l] : wrap(l, width))), "", ...more, ...run].join("\n")}\n`;
}

function teacherText({ name, N, D, LT }: Advice["teacher"]): string {
  const size = N === undefined ? "" : `${human(N)} parameters`;
  const length = D === undefined || D >= 1e17 ? "" : `trained on ${human(D)} tokens`;
  const about = [size, length].filter(Boolean).join(", ");
  return `${name ?? (about ? "to be trained" : "any")}${about ? `, ${about}` : ""}, loss ${LT.toFixed(3)}`;
}

function verdictText(verdict: Advice["verdict"], difference: number): string {
  const by = `${Math.abs(difference).toFixed(3)} nats ${difference < 0 ? "lower" : "higher"} than on data alone for the same operations`;
  return {
    distil: `Distil: ${by}.`,
    "data alone": `Train on data alone: the distilled student would be ${by}.`,
    "no clear difference": `No clear difference: ${by}, within the intervals.`,
  }[verdict];
}
