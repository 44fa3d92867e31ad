/** The method's own pictures. */

import type { Figure } from "../../teaching/report/schema.ts";
import { interval95, mean } from "../../teaching/report/statistics.ts";
import type { Agreement } from "./agreement.ts";
import type { HeldOut } from "./design/learnable.ts";
import type { Learners, MeasuredStream } from "./measured.ts";
import { descending } from "./measures/ranks.ts";

/** Orders shown at each end of the ranking. */
const SHOWN = 10;
const SCORE = { label: "F = 2α / (βα + 1)", unit: "" };

/** Characters of a name that the page shows of a bar, besides its group and the mark. */
const WIDTH = 25;

/** An order in words, shortened evenly where it is long; * marks designed ones. */
function nameOf({ orders, tasks, designed }: MeasuredStream, i: number): string {
  const room = Math.max(1, Math.floor((WIDTH - (tasks.length - 1)) / tasks.length));
  const cut = tasks.map((task) => task.slice(0, room));
  // Names that would look alike stay as they are.
  const names = new Set(cut).size === tasks.length ? cut : tasks;
  const plain = tasks.join(" > ").length <= WIDTH;
  const text = orders[i]!.map((t) => (plain ? tasks : names)[t]!).join(plain ? " > " : ">");
  return `${text}${designed.includes(i) ? " *" : ""}`;
}

const clean = (id: string): string => id.replaceAll(/[^a-z0-9]+/gi, "-").toLowerCase();

/** Best and worst orders of a strategy, with intervals over runs. */
function ranking(stream: MeasuredStream, { strategy, f, perRun }: Learners): Figure {
  const order = descending(f);
  const ends = order.length <= 2 * SHOWN ? order : [...order.slice(0, SHOWN), ...order.slice(-SHOWN)];
  return {
    kind: "bars",
    id: clean(`ranking-${stream.name}-${strategy}`),
    title: `Best and worst orders of ${stream.name}, ${strategy}`,
    caption: `F by order, mean over runs with 95 % intervals; * marks orders that the designer chose (the best quarter by its score). ${order.length} orders in all.`,
    value: SCORE,
    bars: ends.map((i) => ({
      group: order.indexOf(i) < order.length / 2 ? "best" : "worst",
      name: nameOf(stream, i),
      value: mean(perRun.f[i]!),
      ci95: interval95(perRun.f[i]!),
    })),
  };
}

/** The whole ranking, with its interval as a band of two lines. */
function sorted(stream: MeasuredStream, { strategy, f, perRun }: Learners): Figure {
  const order = descending(f);
  const line = (of: (i: number) => number) => order.map((i, place): [number, number] => [place + 1, of(i)]);
  const ends = (i: number) => interval95(perRun.f[i]!) ?? [mean(perRun.f[i]!), mean(perRun.f[i]!)];
  return {
    kind: "lines",
    id: clean(`sorted-${stream.name}-${strategy}`),
    title: `All orders of ${stream.name} by rank, ${strategy}`,
    caption:
      "F of every order from the best to the worst, with the ends of its 95 % interval over runs: a flat line within its interval would mean that the order does not matter.",
    x: { label: "rank of the order", unit: "" },
    y: SCORE,
    lines: [
      { name: "mean", points: line((i) => mean(perRun.f[i]!)) },
      { name: "lower end", points: line((i) => ends(i)[0]) },
      { name: "upper end", points: line((i) => ends(i)[1]) },
    ],
  };
}

const scatter = (stream: MeasuredStream): Figure => ({
  kind: "scatter",
  id: clean(`score-${stream.name}`),
  title: `Designed against measured: ${stream.name}`,
  caption: "Every order: the designer's score S (computed without training) and the F that learners reached.",
  x: { label: "designer's score S", unit: "" },
  y: SCORE,
  groups: stream.learners.map(({ strategy, f }) => ({
    name: strategy,
    points: f.map((y, i): [number, number] => [stream.main.scores[i]!, y]),
  })),
});

function effects(streams: readonly MeasuredStream[], agreements: readonly Agreement[]): Figure {
  return {
    kind: "table",
    id: "order-effect",
    title: "Does the order matter?",
    caption:
      "Over all orders: final average accuracy α and forgetting β of the first task (smallest, mean, largest); ICC: share of the variance of F that lies between orders, with the p-value of a permutation test; split-half reliability of F. A final accuracy near 1 / classes with β near 1 everywhere is the floor: nothing can be learned about orders there.",
    columns: ["data", "strategy", "α min", "α mean", "α max", "β min", "β mean", "β max", "ICC", "p", "split half"],
    rows: agreements.flatMap((a, s) =>
      a.effects.map((e) => [
        streams[s]!.name,
        e.strategy,
        ...e.alpha,
        ...e.beta,
        e.icc ?? "one run",
        e.icc === null ? "" : e.iccP,
        e.splitHalf ?? "",
      ]),
    ),
  };
}

function between(streams: readonly MeasuredStream[], agreements: readonly Agreement[]): Figure {
  return {
    kind: "table",
    id: "between-learners",
    title: "Do learners agree on orders?",
    caption: "Spearman's ρ between the F of two strategies over all orders, with two-sided permutation p-values.",
    columns: ["data", "strategy", "strategy", "ρ", "p", "orders"],
    rows: agreements.flatMap((a, s) => a.between.map((b) => [streams[s]!.name, b.a, b.b, b.rho, b.p, b.n])),
  };
}

function designer(streams: readonly MeasuredStream[], agreements: readonly Agreement[]): Figure {
  return {
    kind: "table",
    id: "designer",
    title: "Does the designer foresee it?",
    caption:
      "Spearman's ρ between F and the designer's score for every distance (of the named layer) and both variants (float: distances; int: their ranks), with two-sided permutation p-values. Nothing is chosen by these numbers: with many rows some are small by chance.",
    columns: ["data", "layer", "distance", "variant", "strategy", "ρ", "p"],
    rows: agreements.flatMap((a, s) =>
      a.designer.map((d) => [streams[s]!.name, d.layer, d.distance, d.variant, d.strategy, d.rho, d.p]),
    ),
  };
}

function overlaps(streams: readonly MeasuredStream[], agreements: readonly Agreement[]): Figure {
  return {
    kind: "table",
    id: "overlap",
    title: "Designed orders among the best",
    caption:
      "How many of the best N orders by F are in the designed set; what chance gives, and the chance of at least as many (hypergeometric).",
    columns: ["data", "strategy", "best N", "designed", "by chance", "p"],
    rows: agreements.flatMap((a, s) =>
      a.overlaps.flatMap(({ strategy, tops }) =>
        tops.map((t) => [streams[s]!.name, strategy, t.top, t.hits, t.expected, t.p]),
      ),
    ),
  };
}

function bins({ name }: MeasuredStream, { overlaps: rows }: Agreement): Figure {
  return {
    kind: "table",
    id: clean(`bins-${name}`),
    title: `Designed orders by bin of F: ${name}`,
    caption:
      "Five equally wide bins of F (5 is the best); the range holds 95 % of random sets as large as the designed one.",
    columns: ["strategy", "bin", "orders", "designed", "by chance", "from", "to"],
    rows: rows.flatMap(({ strategy, bins: b }) =>
      b.map((x, i) => [strategy, i + 1, x.orders, x.designed, x.chance, ...x.range]),
    ),
  };
}

function recall({ name, orders }: MeasuredStream, { overlaps: rows }: Agreement): Figure {
  const most = rows[0]!.recall.length;
  return {
    kind: "lines",
    id: clean(`recall-${name}`),
    title: `Recall of the best orders: ${name}`,
    caption:
      "Share of the best k orders by F that are among the best k by the designer's score, one learner at a time.",
    x: { label: "k", unit: "" },
    y: { label: "recall", unit: "share" },
    lines: [
      ...rows.map(({ strategy, recall: r }) => ({
        name: strategy,
        points: r.map((y, i): [number, number] => [i + 1, y]),
      })),
      {
        name: "by chance",
        points: Array.from({ length: most }, (_, i): [number, number] => [i + 1, (i + 1) / orders.length]),
      },
    ],
  };
}

function hamming(streams: readonly MeasuredStream[], agreements: readonly Agreement[]): Figure {
  return {
    kind: "bars",
    id: "hamming",
    title: "Binned Hamming distance in the best bin",
    caption:
      "Differing classes between rankings within the best of five bins of F, scaled to sum 1 per data set; lower is more alike.",
    value: { label: "share of the distance", unit: "" },
    bars: agreements.flatMap(({ hamming: h }, s) =>
      [
        ["between learners", h.betweenLearners] as const,
        ["learner and designer", h.learnerDesigner] as const,
        ["learner and random", h.learnerRandom] as const,
      ].flatMap(([name, value]) => (value === null ? [] : [{ group: streams[s]!.name, name, value, ci95: null }])),
    ),
  };
}

const distances = ({ name, tasks, main }: MeasuredStream): Figure => ({
  kind: "table",
  id: clean(`distances-${name}`),
  title: `Distances between tasks: ${name}`,
  caption: `${main.distance}, layer ${main.layer}, every row divided by its sum (so the table is not symmetric), and the worth of beginning with the task (1 - its share of the variances).`,
  columns: ["from", ...tasks, "start"],
  rows: tasks.map((task, i) => [task, ...main.design.next[i]!, main.design.start[i]!]),
});

function floor(stream: MeasuredStream): Figure {
  const edges = Array.from({ length: 21 }, (_, i) => i / 20);
  return {
    kind: "lines",
    id: clean(`forgetting-${stream.name}`),
    title: `How much is forgotten of the first task: ${stream.name}`,
    caption:
      "Share of the orders by forgetting β (bins of 0.05). All of them at 1 would be the floor, where orders cannot differ.",
    x: { label: "β", unit: "" },
    y: { label: "orders", unit: "share" },
    lines: stream.learners.map(({ strategy, beta }) => ({
      name: strategy,
      points: edges.map((e): [number, number] => [
        e,
        beta.filter((b) => Math.round(b * 20) / 20 === e || (b < 0 && e === 0)).length / beta.length,
      ]),
    })),
  };
}

/** α and the accuracy on the first task as the tasks go by, averaged over all orders. */
function overTasks(stream: MeasuredStream, which: "avg" | "t1"): Figure {
  const words = which === "avg" ? "the tasks so far" : "the first task";
  return {
    kind: "lines",
    id: clean(`${which}-${stream.name}`),
    title: `Accuracy on ${words}: ${stream.name}`,
    caption: `Accuracy on ${words} after each task, mean over all orders and runs; test examples.`,
    x: { label: "tasks taught", unit: "" },
    y: { label: "accuracy", unit: "share" },
    lines: stream.learners.map(({ strategy, curves }) => ({
      name: strategy,
      points: curves[0]!.avg.map((_, k): [number, number] => [k + 1, mean(curves.map((c) => c[which][k]!))]),
    })),
  };
}

export function learnable(rows: readonly (HeldOut & { readonly strategy: string })[]): Figure {
  return {
    kind: "table",
    id: "learnable-designer",
    title: "A designer that learns its weights",
    caption:
      "Weights of the three terms fitted by ridge regression to the F of all data sets but one, and Spearman's ρ on that one.",
    columns: ["held out", "strategy", "start", "next", "end", "ρ", "p"],
    rows: rows.map((r) => [r.name, r.strategy, ...r.weights, r.rho, r.p]),
  };
}

export function figuresOf(streams: readonly MeasuredStream[], agreements: readonly Agreement[]): Figure[] {
  const first = streams[0]!;
  return [
    ...first.learners.map((l) => ranking(first, l)),
    ...first.learners.slice(0, 1).map((l) => sorted(first, l)),
    ...streams.map(scatter),
    overTasks(first, "avg"),
    overTasks(first, "t1"),
    effects(streams, agreements),
    between(streams, agreements),
    designer(streams, agreements),
    overlaps(streams, agreements),
    recall(first, agreements[0]!),
    bins(first, agreements[0]!),
    hamming(streams, agreements),
    ...streams.map(distances),
    floor(first),
  ];
}
