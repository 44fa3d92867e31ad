/**
 * The middle of the page: classes, disagreements, claims and notes.
 */
import { byLoss, classes, lost } from "../figures/classes.ts";
import { NONE, percent, thousands } from "../format.ts";
import type { ClassRow, Example, Report } from "../schema.ts";
import type { Summary } from "../summary.ts";
import { html, type Markup } from "./markup.ts";
import type { ArmStyle } from "./palette.ts";
import { badge, legend, section, sign, table } from "./parts.ts";

export function classSection(
  report: Report,
  { teacher, student, baseline }: Summary,
  styles: ReadonlyMap<string, ArmStyle>,
): Markup | null {
  if (report.perClass.length === 0 || !student) return null;
  const present = [
    report.perClass.some((row) => row.teacher !== null) ? teacher : undefined,
    student,
    report.perClass.some((row) => row.baseline !== null) ? baseline : undefined,
  ];
  const style = (i: number) => (present[i] ? styles.get(present[i].name) : undefined);
  const names = present.flatMap((arm) => (arm ? [arm.name] : []));
  const figure = classes(
    report.perClass,
    { teacher: style(0), student: style(1)!, baseline: style(2) },
    legend(names, styles, false),
  );
  const show = (value: number | null) => (value === null ? NONE : percent(value));
  const rows = table<ClassRow>(byLoss(report.perClass), [
    { head: "Class", cell: (row) => row.class },
    { head: "Teacher", kind: "number", cell: (row) => show(row.teacher) },
    { head: "Student", kind: "number", cell: (row) => show(row.student) },
    { head: "Baseline", kind: "number", cell: (row) => show(row.baseline) },
    {
      head: "Lost (points)",
      kind: "number",
      cell: (row) => (row.teacher === null ? NONE : thousands(lost(row) * 100, 1)),
    },
    { head: "Test examples", kind: "number", cell: (row) => thousands(row.support) },
  ]);
  const intro =
    "An average can hide a class that fell apart. Accuracy within each class of the test split, mean of the seeds.";
  return section(
    "classes",
    "Kept and lost, class by class",
    intro,
    figure,
    html`<details><summary>All ${report.perClass.length} classes as numbers</summary>${rows}</details>`,
  );
}

export function examplesSection(report: Report): Markup | null {
  if (report.examples.length === 0) return null;
  const intro = "Test examples on which student and teacher disagree, with the confidence of each.";
  return section(
    "examples",
    "Where they disagree",
    intro,
    html`<ul class="examples">${report.examples.map(example)}</ul>`,
  );
}

function example({ image, label, teacher, student, baseline }: Example): Markup {
  const guess = (who: string, prediction: Example["teacher"] | null) => {
    if (!prediction) return null;
    const right = prediction.label === label;
    return html`<div class="guess"><span>${who}</span><span class="${right ? "good" : "bad"}">${sign(right ? "good" : "bad")}<span class="hidden">${right ? "right" : "wrong"}: </span>${prediction.label}</span><span class="number">${percent(prediction.confidence, 0)}</span></div>`;
  };
  return html`<li><img src="${image}" alt="Test example labelled ${label}" width="84" height="84"><div><strong>${label}</strong>
${guess("teacher", teacher)}${guess("student", student)}${guess("baseline", baseline)}</div></li>\n`;
}

export function claimsSection(report: Report): Markup | null {
  if (report.claims.length === 0) return null;
  const rows = table(report.claims, [
    { head: "Claim", cell: (claim) => claim.text },
    { head: "Paper", kind: "prose", cell: (claim) => claim.paper },
    { head: "Criterion here", kind: "prose", cell: (claim) => claim.criterion },
    { head: "Measured", kind: "prose", cell: (claim) => claim.measured },
    {
      head: "Verdict",
      kind: "prose",
      cell: (claim) => html`${badge(claim.verdict)}${claim.why && html`<br><small>${claim.why}</small>`}`,
    },
  ]);
  const intro = "Each verdict follows from the numbers by its criterion; nobody writes it by hand.";
  return section("claims", "Claims of the paper", intro, rows);
}

export function notesSection(report: Report): Markup | null {
  if (report.notes.length === 0) return null;
  return section(
    "notes",
    "Notes",
    null,
    html`<ul class="notes">${report.notes.map((note) => html`<li>${note}</li>`)}</ul>`,
  );
}
