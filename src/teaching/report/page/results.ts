/**
 * The top of the page: verdict, cards, the table of arms, the comparisons.
 */
import {
  bytes,
  compact,
  difference,
  duration,
  factor,
  measured,
  NONE,
  percent,
  significant,
  thousands,
} from "../format.ts";
import { definitionOf } from "../metrics.ts";
import type { Arm, Measurement, MetricDefinition, Report } from "../schema.ts";
import type { Summary } from "../summary.ts";
import { html, type Markup, type Value } from "./markup.ts";
import type { ArmStyle } from "./palette.ts";
import { badge, type Column, swatch, table } from "./parts.ts";

/** Metrics beside the arms; further ones go into a table of their own. */
const MOST_METRICS = 5;

const seedsOf = (count: number) => `${count} ${count === 1 ? "seed" : "seeds"}`;

export function header(report: Report, summary: Summary): Markup {
  const day = report.created.slice(0, 10);
  const seeds = seedsOf(report.seeds.length);
  // A method on text counts tokens, and says so itself.
  const { test } = report.data.splits;
  const examples = test > 0 ? ` · ${thousands(test)} test examples` : "";
  return html`<header><p class="eyebrow">Lyceum report · ${day} · ${seeds}${examples}</p>
<h1>${report.system} on ${report.data.name}</h1><p class="lead">${summary.sentence}</p>${report.headline ? verdictCards(report) : cards(summary)}</header>\n`;
}

const VERDICTS = [
  ["holds", "hold"],
  ["fails", "fail"],
  ["inconclusive", "are inconclusive"],
] as const;

/** How many claims came to which verdict. */
function verdictCards({ claims }: Report): Markup {
  const list = VERDICTS.map(([verdict, words]) => [words, claims.filter((c) => c.verdict === verdict)] as const).filter(
    ([, some]) => some.length > 0,
  );
  return html`<ul class="cards">${list.map(
    ([words, some]) =>
      html`<li><p class="name">Claims that ${words}</p><p class="value">${some.length}</p><p class="detail">of ${claims.length}</p></li>\n`,
  )}</ul>`;
}

function cards({
  metric,
  definition,
  teacher,
  student,
  baseline,
  kept,
  sizeFactor,
  speed,
  comparison,
}: Summary): Markup {
  const list: [name: string, value: Value, detail: Markup][] = [];
  const [mine, theirs] = [student?.metrics[metric], teacher?.metrics[metric]];
  if (kept !== null && mine && theirs)
    list.push([`${definition.label} kept`, percent(kept), html`${measured(mine)}, teacher ${measured(theirs)}`]);
  if (sizeFactor !== null) {
    const bigger = sizeFactor < 0.995;
    const value = factor(bigger ? 1 / sizeFactor : sizeFactor);
    list.push([
      bigger ? "Larger" : "Smaller",
      value,
      html`${compact(student!.params!)} of ${compact(teacher!.params!)} parameters`,
    ]);
  }
  if (speed) {
    const slower = speed.factor < 0.995;
    const value = factor(slower ? 1 / speed.factor : speed.factor);
    const word = speed.basis === "latency" ? (slower ? "Slower" : "Faster") : slower ? "More work" : "Less work";
    const detail =
      speed.basis === "latency"
        ? html`${significant(student!.latencyMs!)} instead of ${significant(teacher!.latencyMs!)} ms per example`
        : html`${compact(student!.flops!)} of ${compact(teacher!.flops!)} FLOP per example`;
    list.push([word, value, detail]);
  }
  if (comparison && baseline) {
    const [amount, interval] = difference(comparison).split(" [");
    const [digits, ...unit] = amount!.split(" ");
    const value = html`${digits!} <span class="unit">${unit.join(" ")}</span>`;
    const detail = html`${badge(comparison.verdict)} than ${baseline.name}${interval && html`<br>95 % interval <span class="whole">[${interval}</span>`}`;
    const unsure = html`${badge(comparison.verdict)}, against ${baseline.name}${interval && html`<br>95 % interval <span class="whole">[${interval}</span>`}`;
    list.push(["Gained by teaching", value, comparison.verdict === "inconclusive" ? unsure : detail]);
  }
  if (list.length === 0) return html``;
  return html`<ul class="cards">${list.map(([name, value, detail]) => html`<li><p class="name">${name}</p><p class="value">${value}</p><p class="detail">${detail}</p></li>\n`)}</ul>`;
}

export function armsTable(report: Report, headline: string, styles: ReadonlyMap<string, ArmStyle>): Markup {
  const all = [...new Set(report.arms.flatMap((arm) => Object.keys(arm.metrics)))];
  const first = [headline, "agreement"].filter((key) => all.includes(key));
  const ordered = [...new Set([...first, ...all])];
  const name: Column<Arm> = {
    head: "Arm",
    cell: (arm) =>
      html`<span class="arm">${swatch(styles.get(arm.name)!, false)}<span>${arm.name}<span class="role">${arm.role}</span></span></span>`,
  };
  const metric = (key: string): Column<Arm> => ({
    head: heading(definitionOf(key, report.definitions)),
    kind: "number",
    cell: (arm) => (arm.metrics[key] ? bare(arm.metrics[key]) : NONE),
  });
  const costs: Column<Arm>[] = [
    { head: "Parameters", kind: "number", cell: (arm) => (arm.params === null ? NONE : thousands(arm.params)) },
    { head: "FLOP per example", kind: "number", cell: (arm) => (arm.flops === null ? NONE : compact(arm.flops)) },
    { head: "Latency", kind: "number", cell: (arm) => (arm.latencyMs ? `${significant(arm.latencyMs)} ms` : NONE) },
    { head: "Size", kind: "number", cell: (arm) => (arm.file ? bytes(arm.file.bytes) : NONE) },
    { head: "Training time", kind: "number", cell: (arm) => (arm.seconds > 0 ? duration(arm.seconds) : NONE) },
  ];
  const used = costs.filter((column) => report.arms.some((arm) => column.cell(arm) !== NONE));
  const several = report.seeds.length > 1;
  const caption = several
    ? `Measured on the test split. ± is half the 95 % interval (Student's t) over ${report.seeds.length} seeds; arms without it were measured once.`
    : "Measured on the test split with one seed: nothing here says how much training luck matters.";
  const rest = ordered.slice(MOST_METRICS);
  return html`${table(report.arms, [name, ...ordered.slice(0, MOST_METRICS).map(metric)], caption)}
${rest.length > 0 && html`<details><summary>${rest.length} more ${rest.length === 1 ? "measure" : "measures"}</summary>${table(report.arms, [name, ...rest.map(metric)])}</details>`}
${used.length > 0 && html`<h3>What they cost</h3>${table(report.arms, [name, ...used])}`}`;
}

/** Units that are not part of how a value is read stand in the heading, once. */
const heading = ({ label, unit }: Readonly<MetricDefinition>) =>
  unit && unit !== "share" && unit !== "bytes" ? `${label} (${unit})` : label;
const bare = (m: Measurement) =>
  m.unit === "share" || m.unit === "bytes" ? measured(m) : measured({ ...m, unit: "" });

export function comparisonsTable(report: Report): Markup {
  return table(report.comparisons, [
    { head: "Comparison", cell: (c) => `${c.a} − ${c.b}` },
    { head: "Measure", cell: (c) => definitionOf(c.metric, report.definitions).label },
    { head: "Difference", kind: "number", cell: (c) => difference(c) },
    {
      head: "Over",
      kind: "number",
      cell: (c) => (c.basis === "examples" ? "test examples" : seedsOf(c.values.length)),
    },
    { head: "Verdict", cell: (c) => badge(c.verdict) },
  ]);
}
