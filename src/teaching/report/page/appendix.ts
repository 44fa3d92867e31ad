/**
 * The end of the page: what each metric means, what was asked for, where it ran, how to get it again.
 */
import { thousands } from "../format.ts";
import { definitionOf } from "../metrics.ts";
import type { Report } from "../schema.ts";
import { html, type Markup } from "./markup.ts";
import { definitions, section } from "./parts.ts";

/** Metrics that this report shows, by name: those of arms and comparisons, then the costs of arms. */
export function shownMetrics(report: Report): string[] {
  const { arms, comparisons } = report;
  const names = new Set([...arms.flatMap((arm) => Object.keys(arm.metrics)), ...comparisons.map((c) => c.metric)]);
  if (arms.some((arm) => arm.params !== null)) names.add("parameters");
  if (arms.some((arm) => arm.flops !== null)) names.add("flops");
  if (arms.some((arm) => arm.latencyMs)) names.add("latency");
  if (arms.some((arm) => arm.file)) names.add("size");
  if (arms.some((arm) => arm.seconds > 0)) names.add("seconds");
  return [...names];
}

const UNITS: Readonly<Record<string, string>> = { share: "per cent", "": "no unit" };

export function definitionsSection(report: Report): Markup {
  const entries = shownMetrics(report).map((name) => {
    const { label, unit, better, text } = definitionOf(name, report.definitions);
    return [label, html`${text} <small>${UNITS[unit] ?? unit}; ${better} is better</small>`] as const;
  });
  return section("definitions", "What the numbers mean", null, definitions(entries));
}

export function settingsSection(report: Report): Markup {
  const { options, environment: e } = report;
  const entries = Object.entries(options).map(
    ([name, value]) =>
      [html`<code>${name}</code>`, html`<code>${JSON.stringify(value) ?? "undefined"}</code>`] as const,
  );
  const asked = entries.length > 0 ? definitions(entries) : html`<p>Every option was left at its default.</p>`;
  const where = definitions([
    ["Processor", `${e.cpu}, ${e.cores} ${e.cores === 1 ? "core" : "cores"}`],
    ["Platform", e.platform],
    ["Engine", e.engine],
    ["Node", e.node],
    ["Lyceum", e.lyceum],
  ]);
  return section(
    "settings",
    "Options and environment",
    null,
    html`<div class="columns"><div><h3>Options</h3>${asked}</div><div><h3>Environment</h3>${where}</div></div>`,
  );
}

export function reproduceSection(report: Report): Markup {
  const { data, seeds, command, system, version, created } = report;
  const { train, validation, test } = data.splits;
  const entries = definitions([
    ["System", `${system} ${version}`],
    ["Seeds", seeds.join(", ")],
    ["Data", html`${data.name}${data.licence && html` <small>licence: ${data.licence}</small>`}`],
    ["Data, sha256", html`<code>${data.sha256}</code>`],
    ["Splits", `train ${thousands(train)}, validation ${thousands(validation)}, test ${thousands(test)}`],
    ["Created", html`<time datetime="${created}">${created}</time>`],
    ...report.arms.flatMap(({ name, file }) =>
      file
        ? [
            [
              `Model file of ${name}`,
              html`${file.name}${file.sha256 && html` <small>sha256 <code>${file.sha256}</code></small>`}`,
            ] as const,
          ]
        : [],
    ),
  ]);
  const intro = "The same command on the same machine gives the same numbers, bit for bit.";
  return section(
    "reproduce",
    "Get this report again",
    command && intro,
    command && html`<pre tabindex="0"><code>${command}</code></pre>`,
    entries,
  );
}
