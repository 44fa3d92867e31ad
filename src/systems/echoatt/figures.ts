/** The pictures of EchoAtt: who is like whom, what copying costs, what is saved. */
import type { Arm, Figure } from "../../teaching/report/schema.ts";
import type { Values } from "./conclude.ts";
import type { ArmName } from "./options.ts";
import { SPEEDS } from "./speed.ts";

export function figures(values: Values, teacherLoss: number, arms: ReadonlyMap<ArmName | "before", Arm>): Figure[] {
  return [losses(arms), likeness(values), matrix(values), damage(values, teacherLoss), speed(values), savings(values)];
}

function losses(arms: ReadonlyMap<ArmName | "before", Arm>): Figure {
  const measured = [...arms.values()].flatMap(({ name, metrics }) => {
    const found = metrics.crossEntropy;
    return found ? [{ name, value: found.mean, ci95: found.ci95 }] : [];
  });
  return {
    id: "losses",
    kind: "bars",
    title: "Loss on unseen text",
    caption:
      "Nats per token, lower is better; 95 % intervals over the seeds. All arms but the first two saw the same tokens.",
    value: { label: "loss", unit: "nats" },
    bars: measured,
  };
}

/** Likeness by the distance of two layers. */
function likeness({ similarity }: Values): Figure {
  const kinds = [
    ["all columns", similarity.same],
    ["without the first token", similarity.withoutSink],
    ["heads matched", similarity.matched],
  ] as const;
  const layers = similarity.same.length;
  const at = (m: readonly (readonly number[])[], distance: number) => {
    const values = Array.from({ length: layers - distance }, (_, l) => m[l]![l + distance]!);
    return values.reduce((a, b) => a + b, 0) / values.length;
  };
  return {
    id: "likeness",
    kind: "lines",
    title: "How alike attention maps are",
    caption: "Mean cosine of the rows of two layers' maps, by how many layers lie between them.",
    x: { label: "distance in layers", unit: "" },
    y: { label: "cosine", unit: "" },
    lines: kinds.map(([name, m]) => ({
      name,
      points: Array.from({ length: layers - 1 }, (_, i): [number, number] => [i + 1, at(m, i + 1)]),
    })),
  };
}

function matrix({ similarity, leaders }: Values): Figure {
  return {
    id: "similarity",
    kind: "table",
    title: "Likeness of each pair of layers",
    caption: `Cosine of rows, head by head. Leaders: ${leaders.map((leader, i) => (leader === i ? `${i}` : `${i}→${leader}`)).join(", ")}.`,
    columns: ["layer", ...similarity.same.map((_, i) => String(i))],
    rows: similarity.same.map((row, l) => [String(l), ...row]),
  };
}

function damage({ damage: points }: Values, teacherLoss: number): Figure {
  return {
    id: "damage",
    kind: "lines",
    title: "What copying costs before any adjusting",
    caption: `Loss of the student that nobody has adjusted, by the number of followers, on part of the unseen text. The teacher: ${teacherLoss.toFixed(3)} on all of it.`,
    x: { label: "followers", unit: "" },
    y: { label: "loss", unit: "nats" },
    lines: [
      { name: "copied, not adjusted", points: points.map((d): [number, number] => [d.followers, d.crossEntropy]) },
    ],
  };
}

function speed({ speed: found }: Values): Figure {
  return {
    id: "speed",
    kind: "bars",
    title: "Times faster than the teacher",
    caption: "Median over turns of the teacher's time by the student's, with its 95 % interval; 1 is no gain.",
    value: { label: "times faster", unit: "" },
    bars: SPEEDS.map((kind) => {
      const { median, ci95 } = found[kind];
      return { name: kind, value: median, ci95: ci95 && [ci95[0], ci95[1]] };
    }),
  };
}

function savings({ size, flops, cache, speed: found }: Values): Figure {
  const row = (name: string, teacher: number, student: number) => [
    name,
    teacher,
    student,
    (100 * (student - teacher)) / teacher,
  ];
  return {
    id: "savings",
    kind: "table",
    title: "What sharing saves",
    caption: "Operations by formula, for one token of a full row; cache of one full row in f32; speed as measured.",
    columns: ["", "teacher", "student", "difference %"],
    rows: [
      row("parameters", size.teacher, size.student),
      row("operations per token", flops.teacher, flops.student),
      row("cache, bytes", cache.teacher, cache.student),
      ...SPEEDS.map((kind) => row(`${kind}, tokens/s`, found[kind].teacher, found[kind].student)),
    ],
  };
}
