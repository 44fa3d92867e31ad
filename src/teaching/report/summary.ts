/**
 * What a report says, in numbers for cards and in one sentence.
 *
 * The sentence claims only what was measured: "the same student" needs equal parameters, an interval that
 * holds 0 is called inconclusive, harm is called harm, a missing baseline is named.
 */
import { difference, percent, portion } from "./format.ts";
import { definitionOf } from "./metrics.ts";
import type { Arm, Comparison, MetricDefinition, Report } from "./schema.ts";

export interface Summary {
  /** The headline metric. */
  metric: string;
  definition: Readonly<MetricDefinition>;
  teacher: Arm | undefined;
  student: Arm | undefined;
  baseline: Arm | undefined;
  /** Student's mean over teacher's mean of the headline metric; null where a ratio says nothing. */
  kept: number | null;
  /** Teacher's parameters over the student's. */
  sizeFactor: number | null;
  /** Teacher's latency over the student's; of operations where no latency was measured. */
  speed: { factor: number; basis: "latency" | "operations" } | null;
  /** Student against baseline. */
  comparison: Comparison | undefined;
  sentence: string;
}

export function summarise(report: Report): Summary {
  const arm = (name: string | undefined) => report.arms.find((a) => a.name === name);
  const ofRole = (role: Arm["role"]) => report.arms.find((a) => a.role === role);
  const isTaught = (c: Comparison) => arm(c.a)?.role === "student" && arm(c.b)?.role === "baseline";
  const taught = report.comparisons.filter(isTaught);
  const comparison = taught.find((c) => c.metric === "accuracy") ?? taught[0];
  const student = arm(comparison?.a) ?? ofRole("student");
  const teacher = ofRole("teacher");
  const baseline = arm(comparison?.b) ?? ofRole("baseline");
  const names = Object.keys((student ?? teacher ?? report.arms[0]!).metrics);
  const metric = comparison?.metric ?? (names.includes("accuracy") ? "accuracy" : (names[0] ?? "accuracy"));
  const definition = definitionOf(metric, report.definitions);

  const [taughtMean, teacherMean] = [student?.metrics[metric]?.mean, teacher?.metrics[metric]?.mean];
  // A ratio needs a true zero and a good direction upwards; kept "loss" would read backwards.
  const comparable = definition.unit === "share" && definition.better === "higher";
  const kept = comparable ? ratio(taughtMean, teacherMean) : null;
  const sizeFactor = ratio(teacher?.params, student?.params);
  const byLatency = ratio(teacher?.latencyMs, student?.latencyMs);
  const byWork = ratio(teacher?.flops, student?.flops);
  const speed =
    byLatency !== null
      ? { factor: byLatency, basis: "latency" as const }
      : byWork !== null
        ? { factor: byWork, basis: "operations" as const }
        : null;
  const facts = { metric, definition, teacher, student, baseline, kept, sizeFactor, speed, comparison };
  return { ...facts, sentence: report.headline ?? sentence(facts) };
}

function ratio(a: number | null | undefined, b: number | null | undefined): number | null {
  return a && b && a > 0 && b > 0 ? a / b : null;
}

function sentence(facts: Omit<Summary, "sentence">): string {
  const { student, teacher, baseline, kept, sizeFactor, definition, comparison } = facts;
  if (!student) return "This report holds no student, so there is nothing to compare.";
  const label = definition.label.toLowerCase();
  const size =
    sizeFactor === null ? "" : ` with ${portion(1 / sizeFactor)} ${sizeFactor < 0.995 ? "" : "of "}its parameters`;
  const first =
    kept !== null
      ? `The taught student ${kept > 1 ? "reaches" : "keeps"} ${percent(kept)} of the teacher's ${label}${size}`
      : teacher && sizeFactor !== null
        ? `The taught student works${size.replace("its", "the teacher's")}`
        : "The teacher's own measure is not part of this report";
  return `${first}; ${against(student, baseline, comparison, definition)}`;
}

function against(
  student: Arm,
  baseline: Arm | undefined,
  comparison: Comparison | undefined,
  { better, label, unit }: Readonly<MetricDefinition>,
): string {
  if (!baseline) return "no baseline was run, so what the teacher added is unknown.";
  if (!comparison) return `it was not compared with ${baseline.name}.`;
  const same = student.params !== null && student.params === baseline.params;
  const whom = same ? "the same student without a teacher" : baseline.name;
  const what = unit === "share" ? "" : ` of ${label.toLowerCase()}`;
  const amount = `${difference(comparison)}${what}`;
  const basis = comparison.basis === "examples" ? " (one seed; interval over test examples)" : "";
  if (comparison.verdict === "better") return `${amount} ${better === "higher" ? "over" : "against"} ${whom}${basis}.`;
  if (comparison.verdict === "worse") return `${amount} against ${whom}${basis}: here teaching did harm.`;
  return `${amount} against ${whom}${basis}, which is inconclusive.`;
}
