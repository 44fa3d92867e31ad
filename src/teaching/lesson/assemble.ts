/** From trained arms to the report: exams on the test part, comparisons, curves, pictures. */
import type { ArrayDataset } from "../../data/dataset.ts";
import type { Answers } from "../exams/answers.ts";
import { disagreements, type ExamResult, predictions, probability } from "../exams/index.ts";
import { compareArms, compareOnExamples, measure } from "../report/measure.ts";
import { METRICS } from "../report/metrics.ts";
import type { Arm, Calibration, ClaimResult, Comparison, Example, Report, Series } from "../report/schema.ts";
import type { LessonLog } from "../steps.ts";
import { pictureOf } from "./picture.ts";

/** One arm with all its seeds (a teacher has one). */
export interface ArmResult {
  readonly name: string;
  readonly role: Arm["role"];
  readonly params: number;
  readonly flops: number;
  readonly seeds: readonly number[];
  readonly exams: readonly ExamResult[];
  readonly answers: readonly Answers[];
  /** Absent for a teacher that came trained. */
  readonly logs?: readonly LessonLog[];
  readonly seconds: number;
  readonly latencyMs: number;
  readonly file?: NonNullable<Arm["file"]>;
}

/** Pictures in a report: enough to see a pattern, few enough for a page. */
const PICTURES = 12;

export function armOf(result: ArmResult): Arm {
  const names = Object.keys(result.exams[0]!.metrics) as (keyof ExamResult["metrics"])[];
  return {
    name: result.name,
    role: result.role,
    params: result.params,
    flops: result.flops,
    metrics: Object.fromEntries(
      names.map((name) => [
        name,
        measure(
          result.exams.map((e) => e.metrics[name]!),
          METRICS[name]!.unit,
        ),
      ]),
    ),
    seconds: result.seconds,
    latencyMs: result.latencyMs,
    ...(result.file && { file: result.file }),
  };
}

/** What a run found, without what only the caller knows (options, environment, time). */
export function findings(
  teacher: ArmResult,
  student: ArmResult,
  scratch: ArmResult,
  test: ArrayDataset,
): Pick<Report, "arms" | "comparisons" | "series" | "claims" | "perClass" | "calibration" | "examples"> {
  const all = [teacher, student, scratch];
  const arms = all.map(armOf);
  const [t, s, b] = arms as [Arm, Arm, Arm];
  const single = student.seeds.length === 1;
  const accuracy = single
    ? compareOnExamples(s, b, student.exams[0]!.correct, scratch.exams[0]!.correct)
    : compareArms(s, b, "accuracy");
  const comparisons = [
    accuracy,
    compareArms(s, t, "accuracy"),
    compareArms(s, b, "agreement"),
    compareArms(s, b, "crossEntropy"),
  ];
  return {
    arms,
    comparisons,
    series: all.flatMap(seriesOf),
    claims: [beatsScratch(accuracy)],
    perClass: test.classes.map((name, c) => ({
      class: name,
      teacher: averageOf(teacher, c),
      student: averageOf(student, c),
      baseline: averageOf(scratch, c),
      support: teacher.exams[0]!.perClass[c]!.support,
    })),
    calibration: all.map(pooledCalibration),
    examples: pictures(teacher, student, scratch, test),
  };
}

const averageOf = ({ exams }: ArmResult, c: number): number =>
  exams.reduce((sum, e) => sum + e.perClass[c]!.accuracy, 0) / exams.length;

function beatsScratch(comparison: Comparison): ClaimResult {
  const points = (v: number) => (100 * v).toFixed(2);
  const { ci95, mean, verdict, basis } = comparison;
  const over = basis === "examples" ? "over the test examples of one seed" : `over ${comparison.values.length} seeds`;
  return {
    id: "beats-scratch",
    text: "A student that learns from the teacher is more accurate than the same student trained on labels alone.",
    paper: "Hinton, Vinyals & Dean 2015; +1 to +3 points on CIFAR-100 (Tian et al. 2020)",
    criterion: "the 95 % interval of the paired difference in test accuracy lies above 0",
    measured: `${points(mean)} points${ci95 ? ` [${points(ci95[0])}, ${points(ci95[1])}]` : ""} ${over}`,
    verdict: verdict === "better" ? "holds" : verdict === "worse" ? "fails" : "inconclusive",
    ...(verdict === "inconclusive" && {
      why: comparison.values.length < 3 && basis !== "examples" ? "Fewer than three seeds." : "The interval holds 0.",
    }),
  };
}

function seriesOf({ name, logs, seeds }: ArmResult): Series[] {
  const examples = { label: "examples seen", unit: "" };
  return (logs ?? []).flatMap((log, i) => {
    const exam = log.exams.filter((e) => e.metrics.accuracy !== undefined);
    return [
      {
        name: "Validation accuracy",
        arm: name,
        seed: seeds[i]!,
        metric: "accuracy",
        x: examples,
        y: { label: "accuracy", unit: "share" },
        points: exam.map((e): [number, number] => [e.examples, e.metrics.accuracy!]),
      },
      {
        name: "Training loss",
        arm: name,
        seed: seeds[i]!,
        x: examples,
        y: { label: "loss", unit: "nats" },
        points: log.loss,
      },
    ];
  });
}

/** Bins of all seeds together. */
function pooledCalibration({ name, exams }: ArmResult): Calibration {
  return {
    arm: name,
    bins: exams[0]!.calibration.map((first, m) => {
      const bins = exams.map((e) => e.calibration[m]!);
      const count = bins.reduce((sum, b) => sum + b.count, 0);
      const mean = (of: "confidence" | "accuracy") =>
        count ? Math.min(1, bins.reduce((sum, b) => sum + b[of] * b.count, 0) / count) : first[of];
      return { confidence: mean("confidence"), accuracy: mean("accuracy"), count };
    }),
  };
}

/** Where the first seed's student and its teacher differ most surely. */
function pictures(teacher: ArmResult, student: ArmResult, scratch: ArmResult, test: ArrayDataset): Example[] {
  const [t, s, b] = [teacher.answers[0]!, student.answers[0]!, scratch.answers[0]!];
  const untaught = predictions(b);
  const side = ({ label, confidence }: { label: number; confidence: number }) => ({
    label: test.classes[label]!,
    confidence: Math.min(1, confidence),
  });
  return disagreements(s, t, test.labels, PICTURES).flatMap((d): Example[] => {
    const image = pictureOf(test, d.example);
    if (!image) return [];
    const other = untaught[d.example]!;
    return [
      {
        kind: "disagreement",
        image,
        label: test.classes[d.label]!,
        teacher: side(d.teacher),
        student: side(d.student),
        baseline: side({ label: other, confidence: probability(b, d.example, other) }),
      },
    ];
  });
}

/**
 * A report without what differs between equal runs: when it was made and how long things took. Two runs of the same
 * options on the same machine, one of them killed and resumed, agree in everything that is left, bit for bit.
 */
export function withoutTimes(report: Report): unknown {
  const { created: _created, environment: _environment, command: _command, ...rest } = report;
  return { ...rest, arms: report.arms.map(({ seconds: _seconds, latencyMs: _latency, ...arm }) => arm) };
}
