import { describe, expect, it } from "vitest";
import { sampleReport } from "./sample.ts";
import { parseReport } from "./schema.ts";

describe("parseReport", () => {
  it("keeps a valid report through JSON as it is", () => {
    const report = sampleReport();
    expect(parseReport(JSON.parse(JSON.stringify(report)))).toEqual(report);
  });

  it("names each wrong field", () => {
    const report = sampleReport();
    report.arms[1]!.params = -3;
    report.data.sha256 = "no";
    expect(() => parseReport(report)).toThrow(
      "This is not a valid report: data.sha256: expected 64 lower-case hexadecimal digits; arms[1].params: Too small: expected number to be >=0. Correct these fields; src/teaching/report/schema.ts says what each one holds.",
    );
  });

  it.each([
    [
      "an unknown arm",
      (r: ReturnType<typeof sampleReport>) => (r.comparisons[0]!.a = "nobody"),
      /comparisons\[0\]\.a: there is no arm "nobody"/,
    ],
    ["two arms of one name", (r) => (r.arms[0]!.name = r.arms[1]!.name), /arms: two arms share a name/],
    ["a diverged value", (r) => (r.series[0]!.points[3] = [1, Number.NaN]), /series\[0\]\.points\[3\]\[1\]: .*NaN/],
    ["an interval from one seed", (r) => (r.arms[0]!.metrics.accuracy!.ci95 = [0, 1]), /ci95 must be null/],
    ["an interval upside down", (r) => (r.comparisons[0]!.ci95 = [1, 0]), /lower end comes first/],
    ["an image from elsewhere", (r) => (r.examples[0]!.image = "https://example.org/a.png"), /data:image\/png/],
    ["options that are not JSON", (r) => (r.options.f = () => 1), /options: options must be plain JSON/],
    ["a date without time", (r) => (r.created = "2026-03-14"), /created/],
  ] as [string, (r: ReturnType<typeof sampleReport>) => unknown, RegExp][])("refuses %s", (_, spoil, message) => {
    const report = sampleReport();
    spoil(report);
    expect(() => parseReport(report)).toThrow(message);
  });

  it("does not drown the reader in issues", () => {
    expect(() => parseReport({})).toThrow(/and \d+ more\./);
    expect(() => parseReport(null)).toThrow(/valid report: report: /);
  });
});
