/** The method's pictures: R² of every chunk by its student, accuracy over n, missing students, budgets. */
import { measure } from "../../teaching/report/measure.ts";
import type { Arm, Figure } from "../../teaching/report/schema.ts";
import type { Outcome } from "../system.ts";
import { classArm, ensembleArm, PHASES, SINGLE_ARM, scratchArm, TAUGHT_ARM } from "./names.ts";
import type { Options } from "./options.ts";
import type { ClassResult } from "./results.ts";

type Points = [number, number][];
const title = ({ n, budget }: ClassResult) => (budget === "total" ? `n = ${n}, equal total` : `n = ${n}`);

export function figuresOf(
  classes: readonly ClassResult[],
  arms: readonly Arm[],
  taught: readonly Outcome[],
  options: Options,
): Figure[] {
  return [chunks(classes), bySize(classes, arms), ...missing(classes, taught), budgets(classes, arms, options)];
}

function chunks(classes: readonly ClassResult[]): Figure {
  return {
    id: "chunks",
    kind: "bars",
    title: "R² of each chunk, by student",
    caption:
      "How much of the variance of its chunk each student explains on the test part after phase 1, without any label: 1 is the teacher's own chunk, 0 its mean. Intervals over the seeds.",
    value: { label: "R²", unit: "" },
    bars: classes.flatMap((c) =>
      c.chunkR2[0]!.map((_, k) => {
        const { mean, ci95 } = measure(
          c.chunkR2.map((seed) => seed[k]!),
          "",
        );
        return { group: title(c), name: c.n === 1 ? "student" : `student ${k + 1}`, value: mean, ci95 };
      }),
    ),
  };
}

function bySize(classes: readonly ClassResult[], arms: readonly Arm[]): Figure {
  const accuracy = (name: string) => arms.find((a) => a.name === name)?.metrics.accuracy?.mean;
  const line = (name: string, over: readonly ClassResult[], arm: (n: number) => string) => ({
    name,
    points: over.flatMap(({ n }): Points => {
      const value = accuracy(arm(n));
      return value === undefined ? [] : [[n, value]];
    }),
  });
  const large = classes.filter((c) => c.budget === "student");
  // A class of one is the start of both budgets.
  const total = [...large.filter((c) => c.n === 1), ...classes.filter((c) => c.budget === "total")];
  const inTotal = (n: number) => classArm(n, n === 1 ? "student" : "total", "fine-tuned");
  return {
    id: "sizes",
    kind: "lines",
    title: "Accuracy over the size of the class",
    caption:
      "Test accuracy, mean over the seeds. Students of one size, so the network grows with n; the ensemble has the same students, the network from labels the same parameters. Equal total: students shrink, so that all classes have the parameters of the class of one.",
    x: { label: "students in the class", unit: "" },
    y: { label: "accuracy", unit: "share" },
    lines: [
      ...PHASES.map((phase) => line(phase, large, (n) => classArm(n, "student", phase))),
      line("ensemble, KD", large, (n) => (n === 1 ? TAUGHT_ARM : ensembleArm(n))),
      line("same network, labels", large, scratchArm),
      line("fine-tuned, equal total", total, inTotal),
    ].filter(({ points }) => points.length > 0),
  };
}

function missing(classes: readonly ClassResult[], taught: readonly Outcome[]): Figure[] {
  const lines = classes
    .filter((c) => c.n > 1 && c.missing.length > 0)
    .flatMap((c) => {
      const ensembles = taught.map((o) => (o.facts!.missing as Record<string, number[]>)[`${c.n}`]!);
      const points = (values: readonly number[]): Points => values.map((v, i) => [i, v]);
      const means = ensembles[0]!.map((_, i) => ensembles.reduce((sum, e) => sum + e[i]!, 0) / ensembles.length);
      return [
        { name: `class of ${c.n}`, points: points(c.missing) },
        { name: `ensemble of ${c.n}, KD`, points: points(means) },
      ];
    });
  if (lines.length === 0) return [];
  return [
    {
      id: "missing",
      kind: "lines",
      title: "When students do not answer",
      caption:
        "Test accuracy after phase 3 when some students are missing: the chunk of a missing one is replaced by its mean. Mean over the choices of who is missing, and over the seeds. A missing member of an ensemble is left out of its mean.",
      x: { label: "students missing", unit: "" },
      y: { label: "accuracy", unit: "share" },
      lines,
    },
  ];
}

function budgets(classes: readonly ClassResult[], arms: readonly Arm[], { student }: Options): Figure {
  const teacher = arms[0]!;
  const ratio = (params: number) => (teacher.params ? teacher.params / params : 0);
  const find = (name: string) => arms.find((a) => a.name === name);
  const rows = classes.map((c): (string | number)[] => {
    const arm = find(classArm(c.n, c.budget, "fine-tuned"))!;
    const at = (phase: (typeof PHASES)[number]) => 100 * find(classArm(c.n, c.budget, phase))!.metrics.accuracy!.mean;
    return [
      title(c),
      c.studentParams,
      ratio(c.studentParams),
      arm.params!,
      ratio(arm.params!),
      c.studentFlops / 1e6,
      (arm.flops ?? 0) / 1e6,
      c.slowestMs,
      ...PHASES.map(at),
    ];
  });
  const alone = [SINGLE_ARM, TAUGHT_ARM].flatMap((name): (string | number)[][] => {
    const arm = find(name);
    if (!arm?.params) return [];
    const accuracy = 100 * arm.metrics.accuracy!.mean;
    const [size, cost] = [arm.params, (arm.flops ?? 0) / 1e6];
    return [[name, size, ratio(size), size, ratio(size), cost, cost, "–", "–", "–", accuracy]];
  });
  return {
    id: "budgets",
    kind: "table",
    title: "What a class costs",
    caption: `Students of ${student}. "× fewer" is the number of the teacher's parameters (${teacher.params ?? "unknown"}) over that of one device, and over that of the whole class with its head. MFLOP: of one forward pass on one example. Latency: the slowest student's. Accuracy in per cent on the test part.`,
    columns: [
      "class",
      "parameters of one",
      "× fewer, one device",
      "parameters of all",
      "× fewer, all",
      "MFLOP of one",
      "MFLOP of all",
      "ms of the slowest",
      "copied head",
      "head tuned",
      "fine-tuned",
    ],
    rows: [...rows, ...alone],
  };
}
