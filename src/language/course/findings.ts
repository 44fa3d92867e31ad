/** From exams to the parts of a report: arms, comparisons, curves, and what is claimed of them. */
import { compareArms, measure, verdictOf } from "../../teaching/report/measure.ts";
import type { Arm, ClaimResult, Comparison, Figure, MetricDefinition, Series } from "../../teaching/report/schema.ts";
import { interval95, mean } from "../../teaching/report/statistics.ts";
import type { LessonLog } from "../../teaching/steps.ts";
import type { TextExam } from "./exam.ts";
import type { Written } from "./sample.ts";

/** One arm with all its seeds (a teacher has one). */
export interface TextArm {
  readonly name: string;
  readonly role: Arm["role"];
  /** Null for a model behind an endpoint. */
  readonly params: number | null;
  /** Of one token. */
  readonly flops: number | null;
  readonly seeds: readonly number[];
  /** None of a model behind an endpoint. */
  readonly exams: readonly TextExam[];
  readonly logs: readonly LessonLog[];
  readonly seconds: number;
  readonly written?: Written;
  readonly file?: NonNullable<Arm["file"]>;
}

/** Meanings of the metrics where a text is the subject. */
export const TEXT_METRICS: Readonly<Record<string, MetricDefinition>> = {
  crossEntropy: {
    label: "Cross-entropy",
    unit: "nats",
    better: "lower",
    text: "Mean of −ln(probability given to the token that follows) over the tokens of the test text.",
  },
  natsPerCharacter: {
    label: "Nats per character",
    unit: "nats",
    better: "lower",
    text: "Sum of −ln(probability of the next token) over the test text, divided by its characters: comparable between tokenisers.",
  },
  bitsPerByte: {
    label: "Bits per byte",
    unit: "bits",
    better: "lower",
    text: "Sum of −log₂(probability of the next token) over the test text, divided by its bytes in UTF-8.",
  },
  klToTeacher: {
    label: "Divergence from teacher",
    unit: "nats",
    better: "lower",
    text: "Mean over the tokens of the test text of Σ p·ln(p/q), p the teacher's and q the student's probabilities of the next token.",
  },
  agreement: {
    label: "Agreement",
    unit: "share",
    better: "higher",
    text: "Share of tokens of the test text before which student and teacher find the same token the likeliest.",
  },
  flops: {
    label: "Operations",
    unit: "FLOP",
    better: "lower",
    text: "Floating-point operations of one token in a row of the lesson's length; a multiplication with an addition counts two.",
  },
  latency: {
    label: "Time per token",
    unit: "ms",
    better: "lower",
    text: "Median wall time of one written token, one answer at a time, keys and values cached, the models in turns; 1000 divided by it is tokens per second.",
  },
};

export function armOf({ exams, written, ...arm }: TextArm): Arm {
  const names = Object.keys(exams[0]?.metrics ?? {});
  const measured = (name: string) => exams.map(({ metrics }) => metrics[name]!);
  return {
    ...{ name: arm.name, role: arm.role, params: arm.params, flops: arm.flops, seconds: arm.seconds },
    metrics: Object.fromEntries(names.map((name) => [name, measure(measured(name), TEXT_METRICS[name]!.unit)])),
    ...(written?.milliseconds !== undefined && { latencyMs: written.milliseconds }),
    ...(arm.file && { file: arm.file }),
  };
}

/** Student against baseline and teacher, the headline first. */
export function comparisonsOf(teacher: TextArm, student: TextArm, scratch: TextArm): Comparison[] {
  const [t, s, b] = [teacher, student, scratch].map(armOf) as [Arm, Arm, Arm];
  const first = student.seeds.length === 1 ? onRows(student, scratch) : compareArms(s, b, "crossEntropy", TEXT_METRICS);
  const shared = ["klToTeacher", "agreement"].filter((metric) => s.metrics[metric]);
  return [
    first,
    ...shared.map((metric) => compareArms(s, b, metric, TEXT_METRICS)),
    ...(t.metrics.crossEntropy ? [compareArms(s, t, "crossEntropy", TEXT_METRICS)] : []),
  ];
}

/** One seed: the interval is over the rows of the test text, which both students read. */
function onRows(a: TextArm, b: TextArm): Comparison {
  const [left, right] = [a.exams[0]!, b.exams[0]!];
  const differences = left.perRow.map((value, row) => value - right.perRow[row]!);
  const draft = { values: [mean(differences)], ci95: interval95(differences), basis: "examples" as const };
  return {
    id: `${a.name} / ${b.name}: crossEntropy`,
    ...{ a: a.name, b: b.name, metric: "crossEntropy", unit: TEXT_METRICS.crossEntropy!.unit },
    ...{ ...draft, mean: draft.values[0]! },
    verdict: verdictOf(draft, "lower"),
  };
}

export function beatsScratch({ ci95, mean: apart, verdict, basis, values, unit }: Comparison): ClaimResult {
  const over = basis === "examples" ? "over the rows of the test text, one seed" : `over ${values.length} seeds`;
  const interval = ci95 ? ` [${ci95.map((v) => v.toFixed(4)).join(", ")}]` : "";
  return {
    id: "beats-scratch",
    text: "A student that learns from the teacher foretells text better than the same student trained on text alone.",
    paper: "Sanh et al. 2019 (DistilBERT); Busbridge et al. 2025: for students much smaller than their teacher",
    criterion: "the 95 % interval of the paired difference in test cross-entropy lies below 0",
    measured: `${apart.toFixed(4)} ${unit}${interval} ${over}`,
    verdict: verdict === "better" ? "holds" : verdict === "worse" ? "fails" : "inconclusive",
    ...(verdict === "inconclusive" && {
      why: basis !== "examples" && values.length < 3 ? "Fewer than three seeds." : "The interval holds 0.",
    }),
  };
}

export function seriesOf({ name, logs, seeds }: TextArm): Series[] {
  const x = { label: "rows read", unit: "" };
  return logs.flatMap((log, i): Series[] => {
    const curve = (title: string, metric: string, label: string): Series[] => {
      const points = log.exams.flatMap(({ examples, metrics }): [number, number][] =>
        metrics[metric] === undefined ? [] : [[examples, metrics[metric]]],
      );
      const y = { label, unit: "nats" };
      return points.length === 0 ? [] : [{ name: title, arm: name, seed: seeds[i]!, metric, x, y, points }];
    };
    return [
      ...curve("Validation cross-entropy", "crossEntropy", "cross-entropy"),
      ...curve("Divergence from teacher, validation", "klToTeacher", "divergence"),
      { name: "Training loss", arm: name, seed: seeds[i]!, x, y: { label: "loss", unit: "nats" }, points: log.loss },
    ];
  });
}

/** What each arm writes from the same beginning. */
export function samplesFigure(arms: readonly TextArm[]): Figure {
  return {
    kind: "table",
    id: "samples",
    title: "What they write",
    caption: "The same beginning, continued by each model with its own probabilities; one draw, not chosen.",
    columns: ["model", "text"],
    rows: arms.flatMap(({ name, written }) => (written ? [[name, written.text]] : [])),
  };
}
