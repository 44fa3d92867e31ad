/** The method's own pictures: promotions over time, the pivot's way, what every network reached, hard examples. */
import { pictureOf } from "../../teaching/lesson/picture.ts";
import type { Arm, Figure } from "../../teaching/report/schema.ts";
import { mean } from "../../teaching/report/statistics.ts";
import { key } from "../../tensor/index.ts";
import { outcomeOf } from "../kit/arms.ts";
import { balanced } from "../kit/subset.ts";
import { seedsOf } from "../options.ts";
import type { Bench, Outcome, Outcomes } from "../system.ts";
import type { Student } from "./cast.ts";
import { histogram } from "./history.ts";
import { type ArmKey, type Options, TITLES } from "./options.ts";
import { hardExamples, originalIds } from "./outputs.ts";
import { assistantId, chainOf } from "./plan.ts";

const BINS = 24;
const PICTURES = 8;

export interface Shown {
  readonly bench: Pick<Bench<Options>, "options" | "data" | "own">;
  readonly outcomes: Outcomes;
  readonly students: readonly Student[];
  readonly groups: readonly { readonly arm: ArmKey | "orc"; readonly outcomes: readonly Outcome[] }[];
  readonly arms: readonly Arm[];
}

export function figuresOf(shown: Shown): Figure[] {
  return [...promotions(shown), ...pivotCurve(shown), ...reached(shown), ...hardPictures(shown)];
}

/** Mean over the seeds of each student's share of the promotions, per stretch of training. */
function promotions({ bench, students, groups }: Shown): Figure[] {
  const found = groups[0]!.outcomes.map(({ arrays }) => arrays!.roles!);
  if (students.length < 2) return [];
  const bySeed = found.map((roles) => histogram(roles, students.length, BINS));
  const bins = bySeed[0]!.length;
  const order = students.map((_, i) => i).sort((a, b) => sizeOf(students[a]!) - sizeOf(students[b]!));
  return [
    {
      kind: "shares",
      id: "promotions",
      title: "Who was temporary teacher",
      caption:
        "Share of the promotions that each student got, smallest student first, during training; mean over the seeds. The paper finds shallow networks promoted early and deeper ones later.",
      x: { label: "epoch", unit: "" },
      at: Array.from({ length: bins }, (_, b) => ((b + 0.5) / bins) * bench.options.epochs),
      layers: order.map((i) => ({
        name: students[i]!.name,
        values: Array.from({ length: bins }, (_, b) => Math.min(1, mean(bySeed.map((h) => h[b]![i]!)))),
      })),
    },
  ];
}

const sizeOf = ({ network }: Student): number => network.model.flops;

/** Validation accuracy of the pivot while it is taught, one line per way of teaching it. */
function pivotCurve({ groups }: Shown): Figure[] {
  const lines = groups.flatMap(({ arm, outcomes }) => {
    const exams = outcomes.map(({ log }) =>
      (log?.exams ?? []).filter(({ metrics }) => metrics.pivotAccuracy !== undefined),
    );
    if (exams.some((list) => list.length === 0)) return [];
    const start = outcomes.map(({ facts }) => facts?.pivotStart as number);
    const points = exams[0]!.map(({ examples }, j): [number, number] => [
      examples,
      mean(exams.map((list) => list[j]!.metrics.pivotAccuracy!)),
    ]);
    return [{ name: TITLES[arm], points: [[0, mean(start)] as [number, number], ...points] }];
  });
  if (lines.length === 0) return [];
  return [
    {
      kind: "lines",
      id: "pivot",
      title: "The pivot teacher while it is taught",
      caption:
        "Accuracy of the pivot on the validation part, mean over the seeds, for every group in which it goes on learning.",
      x: { label: "examples seen", unit: "" },
      y: { label: "validation accuracy", unit: "share" },
      lines,
    },
  ];
}

/** Test accuracy of every network of the family under every method that trains it. */
function reached({ bench, outcomes, students, groups }: Shown): Figure[] {
  const o = bench.options;
  const cell = (values: readonly number[]) => `${(100 * mean(values)).toFixed(2)} %`;
  const rows = groups.map(({ arm, outcomes: found }) => [
    TITLES[arm],
    ...students.map(({ name }) => cell(found.map(({ facts }) => (facts!.accuracies as Record<string, number>)[name]!))),
    mean(found.map(({ seconds = 0 }) => seconds)),
  ]);
  if (o.arms.includes("takd")) {
    const chain = chainOf(o);
    const taught = students.map((_, i) =>
      seedsOf(o).map((seed) => outcomeOf(outcomes, i === 0 ? `${TITLES.takd}, seed ${seed}` : assistantId(i, seed))),
    );
    const seconds = [0, ...chain].map((i) => mean(taught[i]!.map((outcome) => outcome.seconds ?? 0)));
    rows.push([
      TITLES.takd,
      ...taught.map((list) => cell(list.map(({ metrics }) => metrics.accuracy!))),
      seconds.reduce((a, b) => a + b, 0),
    ]);
  }
  return [
    {
      kind: "table",
      id: "family",
      title: "Every network of the group",
      caption: "Test accuracy of each student, mean over the seeds, and seconds of training per seed.",
      columns: ["group", ...students.map(({ name }) => name), "seconds"],
      rows,
    },
  ];
}

/** What the groups of all seeds handed back most often. */
function hardPictures({ bench, groups }: Shown): Figure[] {
  const { data, options } = bench;
  const counts = groups[0]!.outcomes.map(({ arrays }) => arrays!.feedback!);
  const sum = Float32Array.from(counts[0]!, (_, i) => counts.reduce((total, list) => total + list[i]!, 0));
  const part = balanced(data.train, options.examples, key(0));
  const pictures = hardExamples(sum, part, originalIds(data.train, options.examples))
    .slice(0, PICTURES)
    .flatMap(({ example, label, count }) => {
      const image = pictureOf(data.train, example);
      return image ? [{ image, caption: `${label}, ${count} times (no. ${example})` }] : [];
    });
  if (pictures.length === 0) return [];
  return [
    {
      kind: "pictures",
      id: "hard",
      title: "Examples that were fed back most often",
      caption:
        "Training examples that the students of ORC handed back to the pivot, all seeds together: hard or wrongly labelled.",
      rows: [{ label: "fed back", pictures }],
    },
  ];
}
