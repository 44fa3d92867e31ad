/** The pictures of ND: where embeddings lie, what the weight does to them, and what it brings. */
import { difference } from "../../teaching/report/format.ts";
import type { Comparison, Figure, Arm as ReportArm } from "../../teaching/report/schema.ts";
import { LABELS, withNd, without } from "./arms.ts";
import type { Group } from "./conclude.ts";
import type { NdOptions } from "./options.ts";
import { PAIRS } from "./weights.ts";

const NORM = { label: "‖student‖ / ‖teacher‖", unit: "" };
const COSINE = { label: "cosine to the class mean", unit: "" };
const GAIN = { label: "accuracy gained", unit: "share" };

/** Of a run that compares losses. */
export function lossFigures(
  groups: readonly Group[],
  teacher: ReportArm,
  comparisons: readonly Comparison[],
  options: NdOptions,
): Figure[] {
  const { losses } = options;
  const ladder = groups.filter(({ arm }) => arm.base === "kd" && arm.warmUp && arm.term === "nd");
  const pair = groups.filter(({ arm }) => arm.base === losses[0] && arm.term === "nd");
  const gains = comparisons.filter(
    ({ metric, b }) => metric === "accuracy" && losses.some((base) => without(base) === b),
  );
  return [
    scatter(ladder.length > 0 ? ladder : pair),
    ...(ladder.length > 0
      ? [
          overLambda("direction", "Direction by the weight of ND", COSINE, ladder, teacher),
          overLambda("normRatio", "Norm by the weight of ND", NORM, ladder),
        ]
      : []),
    {
      id: "gains",
      title: "What ND brings",
      caption:
        "Test accuracy with a term on the embedding, minus the same loss with the same weights and warm-up without it; 95 % intervals over the seeds.",
      kind: "bars",
      value: GAIN,
      bars: gains.map(({ a, b, mean, ci95 }) => ({ group: `on ${b}`, name: a, value: mean, ci95 })),
    },
    publishedTable(comparisons, options),
  ];
}

/** One point per test example of the first seed. */
function scatter(groups: readonly Group[]): Figure {
  return {
    id: "norm-direction",
    title: "Norm and direction of the student's embeddings",
    caption:
      "Test examples of the first seed: how long the embedding is beside the teacher's, and how well it points along the teacher's mean of its class. ND pulls to the top, and to the right up to 1.",
    kind: "scatter",
    x: NORM,
    y: COSINE,
    groups: groups.map(({ report, outcomes: [first] }) => ({
      name: report.name,
      points: ((first?.facts?.points ?? []) as readonly (readonly [number, number])[]).map(
        ([x, y]): [number, number] => [x, y],
      ),
    })),
  };
}

function overLambda(
  metric: "direction" | "normRatio",
  title: string,
  y: { label: string; unit: string },
  ladder: readonly Group[],
  teacher?: ReportArm,
): Figure {
  const sorted = [...ladder].sort((a, b) => a.arm.lambda - b.arm.lambda);
  const seeds = sorted[0]!.outcomes.map((_, seed) => ({
    name: `seed ${seed + 1}`,
    points: sorted.map(({ arm, outcomes }): [number, number] => [arm.lambda, outcomes[seed]!.metrics[metric]!]),
  }));
  const own = teacher?.metrics[metric]?.mean;
  const line =
    own === undefined
      ? []
      : [{ name: "teacher", points: sorted.map(({ arm }): [number, number] => [arm.lambda, own]) }];
  return {
    id: `${metric}-by-lambda`,
    title,
    caption: "Means over the test examples; one line per seed.",
    kind: "lines",
    x: { label: "λ", unit: "" },
    y,
    lines: [...seeds, ...line],
  };
}

/** Signs compare, sizes do not. */
function publishedTable(comparisons: readonly Comparison[], { losses, lambdas, pair }: NdOptions): Figure {
  const rows = losses.map((base) => {
    const [before, after] = PAIRS[pair].published[base];
    const weights = base === "kd" ? [...lambdas] : [PAIRS[pair][base].nd];
    const against = (other: string): string =>
      weights
        .flatMap((lambda) => {
          const a = withNd(base, lambda);
          const found = comparisons.find((c) => c.a === a && c.b === other && c.metric === "accuracy");
          return found ? [`λ=${lambda}: ${difference(found)}`] : [];
        })
        .join("; ") || "–";
    return [
      `${LABELS[base]} → ${LABELS[base]}++`,
      `${before} → ${after}`,
      `+${(after - before).toFixed(2)} points`,
      against(without(base)),
      against(LABELS[base]),
    ];
  });
  return {
    id: "published",
    title: "Beside the paper",
    caption: `The paper's ${pair} on CIFAR-100 at 32×32, where KD++ was compared with KD of 0.1 cross-entropy + 0.9 KD. Other networks, other pictures: only signs compare.`,
    kind: "table",
    columns: ["loss", "paper", "paper's gain", "measured here against λ=0", "as the paper compares"],
    rows,
  };
}

/** Of a run that looks for conditions. */
export function explorationFigures(
  groups: readonly Group[],
  teachers: readonly ReportArm[],
  comparisons: readonly Comparison[],
): Figure[] {
  const withIt = groups.filter(({ arm }) => arm.lambda > 0);
  const gainOf = ({ report }: Group) => comparisons.find((c) => c.a === report.name && c.metric === "accuracy")!;
  const plainOf = ({ setting }: Group) => groups.find((g) => g.setting.name === setting.name && g.arm.lambda === 0)!;
  const show = (value: number | undefined) => (value === undefined ? "–" : value);
  return [
    {
      id: "conditions",
      title: "Where ND brings something",
      caption:
        "Test accuracy of KD with ND minus KD with the same weights without it, under each condition; 95 % intervals over the seeds.",
      kind: "bars",
      value: GAIN,
      bars: withIt.map((group) => ({ name: group.setting.name, value: gainOf(group).mean, ci95: gainOf(group).ci95 })),
    },
    {
      id: "conditions-table",
      title: "The conditions",
      caption:
        "Each is one change to the usual one. Shares are of the test part; D is the mean cosine to the class mean, R the norm ratio.",
      kind: "table",
      columns: [
        "condition",
        "what it changes",
        "teacher",
        "λ=0",
        "with ND",
        "gain",
        "D λ=0",
        "D with ND",
        "R λ=0",
        "R with ND",
      ],
      rows: withIt.map((group) => {
        const [plain, { report, setting }] = [plainOf(group), group];
        const teacher = teachers.find(({ name }) => name === `${setting.name}: teacher`);
        const metric = (arm: ReportArm | undefined, name: string) => show(arm?.metrics[name]?.mean);
        return [
          setting.name,
          setting.about,
          metric(teacher, "accuracy"),
          metric(plain.report, "accuracy"),
          metric(report, "accuracy"),
          difference(gainOf(group)),
          metric(plain.report, "direction"),
          metric(report, "direction"),
          metric(plain.report, "normRatio"),
          metric(report, "normRatio"),
        ];
      }),
    },
    scatter(groups.filter(({ setting }) => setting.name === groups[0]!.setting.name)),
  ];
}
