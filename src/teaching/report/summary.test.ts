import { describe, expect, it } from "vitest";
import { compareArms, measure } from "./measure.ts";
import { sampleReport } from "./sample.ts";
import type { Report } from "./schema.ts";
import { summarise } from "./summary.ts";

/** The sample with a gain of the given size at each seed, in points. */
function withGains(...gains: number[]): Report {
  const report = sampleReport();
  const [, student, baseline] = report.arms as [Report["arms"][0], Report["arms"][0], Report["arms"][0]];
  baseline.metrics.accuracy = measure([0.9, 0.9, 0.9], "share");
  student.metrics.accuracy = measure(
    gains.map((gain) => 0.9 + gain / 100),
    "share",
  );
  report.comparisons = [compareArms(student, baseline, "accuracy")];
  return report;
}

describe("summarise", () => {
  it("says what was kept, at what size, and what the teacher added", () => {
    const summary = summarise(withGains(2.1, 2, 2.2));
    expect(summary.sentence).toBe(
      "The taught student keeps 98.0 % of the teacher's accuracy with 1/24 of its parameters; +2.1 points [1.9, 2.3] over the same student without a teacher.",
    );
    expect(summary.sizeFactor).toBeCloseTo(24.1, 1);
    expect(summary.speed).toMatchObject({ basis: "latency" });
  });

  it("calls an interval around 0 inconclusive and harm harm", () => {
    expect(summarise(withGains(1, -1, 0.6)).sentence).toMatch(
      /; \+0\.2 points \[.*\] against the same student without a teacher, which is inconclusive\.$/,
    );
    expect(summarise(withGains(-2.1, -2, -2.2)).sentence).toMatch(
      /^The.*; −2\.1 points \[.*: here teaching did harm\.$/,
    );
  });

  it("does not say 'the same student' of another size", () => {
    const report = withGains(2.1, 2, 2.2);
    report.arms[2]!.params = 60_000;
    expect(summarise(report).sentence).toMatch(/over from scratch\.$/);
  });

  it("names a missing baseline, comparison, teacher or student", () => {
    const report = sampleReport();
    report.comparisons = [];
    expect(summarise(report).sentence).toMatch(/; it was not compared with from scratch\.$/);
    report.arms.pop();
    expect(summarise(report).sentence).toMatch(/; no baseline was run, so what the teacher added is unknown\.$/);
    report.arms.shift();
    expect(summarise(report).sentence).toMatch(/^The teacher's own measure is not part of this report; /);
    report.arms = [sampleReport().arms[0]!];
    expect(summarise(report).sentence).toMatch(/no student/);
  });

  it("falls back to operations where no latency was measured", () => {
    const report = sampleReport();
    delete report.arms[0]!.latencyMs;
    expect(summarise(report).speed!.basis).toBe("operations");
    expect(summarise(report).speed!.factor).toBeCloseTo(48.2 / 1.73, 6);
  });

  it("keeps no ratio of a metric that has none", () => {
    const report = sampleReport();
    report.comparisons = report.comparisons.filter((c) => c.metric === "crossEntropy");
    const summary = summarise(report);
    expect(summary.kept).toBeNull();
    expect(summary.sentence).toMatch(
      /^The taught student works with 1\/24 of the teacher's parameters; −0\.066 nats \[.*\] of cross-entropy against/,
    );
  });
});
