import { parseHTML } from "linkedom";
import { describe, expect, it } from "vitest";
import { reportHtml } from "./html.ts";
import { compareOnExamples, measure } from "./measure.ts";
import { sampleReport } from "./sample.ts";
import type { Report } from "./schema.ts";

const page = reportHtml(sampleReport());
const { document } = parseHTML(page);
const all = (selector: string, root: Document = document) => [...root.querySelectorAll(selector)];

const EVIL = `<script>alert(1)</script><img src=x onerror=alert(2)>"' onload="x`;

/** Every text that a file or a user can choose, hostile. */
function hostile(): Report {
  const text = JSON.stringify(sampleReport());
  const names = [
    "distilled student",
    "from scratch",
    "resnet-18 teacher",
    "Fashion-MNIST",
    "T-shirt",
    "shirt",
    "examples seen",
    "Validation accuracy",
    "onnxruntime-node 1.30.0",
    "AMD EPYC 7B13",
    "cnn-small",
    "Latency was measured",
    "The student matches",
    "within 0.5 points",
    "student.onnx",
  ];
  const evil = JSON.stringify(EVIL).slice(1, -1);
  return JSON.parse(names.reduce((json, name) => json.replaceAll(name, `${name}${evil}`), text)) as Report;
}

describe("report.html", () => {
  it("is the same text for the same report", () => {
    expect(reportHtml(sampleReport())).toBe(page);
  });

  it("asks for nothing from outside and holds no script", () => {
    expect(all("script, link, iframe, object, embed, base")).toEqual([]);
    expect(page.replaceAll(/xmlns(:\w+)?="[^"]*"/g, "")).not.toMatch(/https?:|url\(|@import|src="(?!data:)/);
    expect(all("meta[http-equiv]")[0]!.getAttribute("content")).toMatch(/^default-src 'none'; img-src data:;/);
  });

  it("escapes hostile names everywhere", () => {
    const text = reportHtml(hostile());
    const parsed = parseHTML(text).document;
    expect(text).not.toMatch(/<script|<img src=x/);
    expect(all("script", parsed)).toEqual([]);
    expect(all("*", parsed).filter((e) => [...e.attributes].some((a) => a.name.startsWith("on")))).toEqual([]);
    expect(all("img", parsed).every((e) => e.getAttribute("src")!.startsWith("data:image/png"))).toBe(true);
    expect(parsed.querySelector("h1")!.textContent).toContain(EVIL);
  });

  it("names every figure for screen readers, in both widths", () => {
    const figures = all("figure");
    expect(figures.length).toBeGreaterThan(7);
    for (const figure of figures) {
      expect(figure.querySelectorAll("figcaption")).toHaveLength(1);
      const drawings = [...figure.querySelectorAll('svg[role="img"]')];
      expect(drawings).toHaveLength(2);
      for (const svg of drawings) expect(svg.getAttribute("aria-label")!.length).toBeGreaterThan(30);
    }
    expect(all("img").every((img) => img.getAttribute("alt"))).toBe(true);
    expect(all('svg:not([role="img"])').every((svg) => svg.getAttribute("aria-hidden") === "true")).toBe(true);
  });

  it("has one h1, no skipped level, and an id only once", () => {
    const levels = all("h1, h2, h3").map((h) => Number(h.localName[1]));
    expect(levels.filter((level) => level === 1)).toHaveLength(1);
    for (const [i, level] of levels.entries()) expect(level - (levels[i - 1] ?? 0)).toBeLessThanOrEqual(1);
    const ids = all("[id]").map((e) => e.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const section of all("section")) expect(ids).toContain(section.getAttribute("aria-labelledby"));
  });

  it("prints the verdict, the claims, the definitions and how to get it again", () => {
    const text = document.body.textContent!;
    for (const part of [
      "1/24 of its parameters",
      "which student and teacher name the same class",
      "15 equally wide bins",
      "lyceum teach --teacher",
      sampleReport().data.sha256,
      "the paper's had 1/2",
    ])
      expect(text).toContain(part);
    expect(text).not.toMatch(/undefined|NaN|\[object/);
  });

  it("draws no warning of Plot into a figure", () => {
    expect(page).not.toContain("⚠");
  });
});

describe("other reports", () => {
  it("one seed, nothing but arms", () => {
    const report = sampleReport();
    const [teacher, student, baseline] = report.arms as [Report["arms"][0], Report["arms"][0], Report["arms"][0]];
    for (const arm of report.arms) {
      arm.metrics = { accuracy: measure([0.9], "share") };
      Object.assign(arm, { flops: null, latencyMs: undefined, file: undefined, seconds: 0 });
    }
    teacher.params = null;
    const comparison = compareOnExamples(student, baseline, [1, 1, 1, 0], [1, 1, 0, 1]);
    const bare = {
      series: [],
      claims: [],
      perClass: [],
      examples: [],
      notes: [],
      options: {},
      calibration: undefined,
      command: undefined,
    };
    const text = reportHtml({ ...report, ...bare, seeds: [1], comparisons: [comparison] });
    expect(text).toMatch(/one seed; interval over test examples/);
    expect(text).not.toMatch(/undefined|NaN/);
  });

  it("a hundred classes, curves that share no x, a loss that is worse than the teacher's", () => {
    const report = sampleReport();
    report.perClass = Array.from({ length: 100 }, (_, i) => ({
      class: `class ${i}`,
      teacher: null,
      student: i / 100,
      baseline: null,
      support: 3,
    }));
    report.series = report.series.map((s, i) => ({
      ...s,
      points: s.points.map(([x, y]): [number, number] => [x + i * 1e6, y]),
    }));
    const text = reportHtml(report);
    expect(text).toMatch(/76 classes in between are in the table only/);
    expect(text).not.toMatch(/NaN|⚠/);
  });

  it("a system without teacher or student", () => {
    const report = sampleReport();
    report.arms = [{ ...report.arms[2]!, metrics: {}, params: null, flops: null }];
    const text = reportHtml({ ...report, comparisons: [], series: [], calibration: [] });
    expect(text).toMatch(/holds no student/);
  });
});
