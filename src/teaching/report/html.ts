/**
 * report.html: one file, no scripts, no requests, readable without colour, on a phone and on paper.
 *
 * The content security policy forbids scripts and requests outright: should escaping ever fail, it still holds.
 */
import { reliability, sureness } from "./figures/calibration.ts";
import { curves } from "./figures/curves.ts";
import { differences } from "./figures/differences.ts";
import { methodSection } from "./figures/method.ts";
import { COSTS, tradeoff } from "./figures/tradeoff.ts";
import { definitionsSection, reproduceSection, settingsSection } from "./page/appendix.ts";
import { claimsSection, classSection, examplesSection, notesSection } from "./page/evidence.ts";
import { html, Markup } from "./page/markup.ts";
import { armStyles } from "./page/palette.ts";
import { legend, section } from "./page/parts.ts";
import { armsTable, comparisonsTable, header } from "./page/results.ts";
import { STYLE } from "./page/style.ts";
import type { Report } from "./schema.ts";
import { summarise } from "./summary.ts";

const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** The same report always gives the same text. */
export function reportHtml(report: Report): string {
  const summary = summarise(report);
  const styles = armStyles(report.arms);
  // A system is judged by its claims: they come first there, and its own pictures before the general ones.
  const isSystem = report.headline !== undefined;
  const plots = COSTS.filter(() => !crowded(report))
    .map((cost) => tradeoff(report.arms, cost, summary.metric, summary.definition, styles))
    .filter((plot) => plot !== null);
  const learning = curves(report, styles);
  const gaps = differences(report);
  const reliable = report.calibration?.length ? report.calibration : null;
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${report.system} on ${report.data.name} · Lyceum report</title>
<style>${new Markup(STYLE)}</style></head>
<body><main>
${header(report, summary)}
${isSystem && claimsSection(report)}
${section("arms", "Results", null, armsTable(report, summary.metric, styles), plots.length > 0 && html`<div class="pair">${plots.slice(0, 2)}</div>`)}
${methodSection(report)}
${gaps && section("differences", "Compared seed by seed", "Arms that ran on the same seeds are subtracted seed by seed, so that the luck they share cancels. The verdict is on the first of the two.", gaps, comparisonsTable(report))}
${learning && section("curves", "How they learned", null, learning)}
${classSection(report, summary, styles)}
${
  reliable &&
  section(
    "calibration",
    "Calibration",
    null,
    legend(
      reliable.map((c) => c.arm),
      styles,
    ),
    html`<div class="pair">${reliability(reliable, styles)}${sureness(reliable, styles)}</div>`,
  )
}
${examplesSection(report)}
${!isSystem && claimsSection(report)}
${notesSection(report)}
${definitionsSection(report)}
${settingsSection(report)}
${reproduceSection(report)}
</main><footer>Made by Lyceum ${report.environment.lyceum}. The same numbers, for machines: report.json.</footer></body></html>
`;
  return page.text;
}

/** Many arms of few sizes would lie on top of each other. */
function crowded({ arms }: Report): boolean {
  return arms.length > 8 && new Set(arms.map(({ params }) => params)).size < arms.length / 2;
}
