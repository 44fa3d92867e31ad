import { describe, expect, it } from "vitest";
import { sampleReport } from "./sample.ts";
import { reportTable } from "./table.ts";

describe("reportTable", () => {
  it("fits a terminal", () => {
    expect(reportTable(sampleReport())).toMatchInlineSnapshot(`
      "The taught student keeps 97.7 % of the teacher's accuracy with 1/24 of its
      parameters; +2.0 points [1.7, 2.2] over the same student without a teacher.

      arm                parameters      accuracy     agreement   latency     size
      ----------------------------------------------------------------------------
      resnet-18 teacher   1,234,890        94.0 %             –   1.93 ms  4.95 MB
      distilled student      51,234  91.9 ± 0.7 %  94.7 ± 0.2 %  0.212 ms   207 kB
      from scratch           51,234  89.9 ± 0.4 %  91.5 ± 0.5 %  0.209 ms   207 kB

      Accuracy, distilled student − from scratch: +2.0 points [1.7, 2.2] better
      Accuracy, distilled student − resnet-18 teacher: −2.2 points [−2.9, −1.5] worse
      Cross-entropy, distilled student − from scratch: −0.066 nats [−0.077, −0.055]
        better
      claims of the paper: 1 holds, 1 fails, 1 inconclusive
      ± is half the 95 % interval (Student's t) over 3 seeds; differences are paired
      by seed.
      "
    `);
  });

  it.each([40, 60, 80, 132])("no line exceeds %d columns", (width) => {
    const report = sampleReport();
    report.arms[1]!.name = "a student with a very long name, taught by three teachers at once";
    report.comparisons = [];
    report.series = [];
    delete report.calibration;
    for (const line of reportTable(report, { width }).split("\n")) expect([...line].length).toBeLessThanOrEqual(width);
  });

  it("names the columns that it leaves out", () => {
    expect(reportTable(sampleReport(), { width: 50 })).toMatch(/left out at 50 columns: agreement, latency, size/);
  });

  it("lets no control character through", () => {
    const report = sampleReport();
    report.arms[0]!.name = "evil\u001b[31m\u0007\nname";
    report.comparisons = [];
    expect(reportTable(report)).toMatch(/evil \[31m name /);
  });

  it("says that one seed proves little", () => {
    expect(reportTable({ ...sampleReport(), seeds: [1] })).toMatch(/One seed: nothing here says/);
  });
});
