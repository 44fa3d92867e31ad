/**
 * Paired differences: every seed a small dot, their mean a large one on its 95 % interval, 0 marked.
 * Comparisons with one metric share a panel, because only they share an axis.
 */
import * as Plot from "@observablehq/plot";
import { difference } from "../format.ts";
import { definitionOf } from "../metrics.ts";
import { html, type Markup } from "../page/markup.ts";
import { figure } from "../page/parts.ts";
import type { Comparison, Report } from "../schema.ts";
import { draw, short } from "./draw.ts";

const ROW = 58;

export function differences(report: Report): Markup | null {
  const metrics = [...new Set(report.comparisons.map((c) => c.metric))];
  if (metrics.length === 0) return null;
  return html`<div class="pair">${metrics.map((metric) =>
    panel(
      report,
      report.comparisons.filter((c) => c.metric === metric),
    ),
  )}</div>`;
}

const INK = { better: "var(--good)", worse: "var(--bad)", inconclusive: "var(--unsure)" } as const;

function panel(report: Report, rows: readonly Comparison[]): Markup {
  const { metric, unit } = rows[0]!;
  const { label, better } = definitionOf(metric, report.definitions);
  const scale = unit === "share" ? 100 : 1;
  const shown = unit === "share" ? "points" : unit;
  const ends = rows.flatMap((c) => [...c.values, ...(c.ci95 ?? [])].map((v) => v * scale));
  const [low, high] = [Math.min(0, ...ends), Math.max(0, ...ends)];
  const air = (high - low || 1) * 0.06;
  const drawing = (width: number) =>
    draw({
      label: `Difference in ${label.toLowerCase()}: ${rows.map((c) => `${c.a} minus ${c.b} ${difference(c)}, ${c.verdict}`).join("; ")}.`,
      width,
      height: rows.length * ROW + 62,
      marginLeft: 8,
      marginRight: 8,
      marginTop: 16,
      marginBottom: 42,
      x: {
        domain: [low - air, high + air],
        label: `difference${shown && ` (${shown})`}`,
        grid: true,
        ticks: Math.round(width / 80),
        labelArrow: "none",
        labelAnchor: "center",
      },
      y: { type: "linear", domain: [rows.length, 0], axis: null },
      marks: [
        Plot.ruleX([0], { stroke: "var(--ink)", strokeWidth: 1.5 }),
        ...rows.flatMap((c, i) => {
          const y = i + 0.68;
          const name = short(`${c.a} − ${c.b}`, Math.floor(width / 8.2));
          return [
            Plot.text([name], {
              frameAnchor: "left",
              y: i + 0.22,
              text: (d: string) => d,
              textAnchor: "start",
              fontWeight: 600,
              fill: "var(--ink)",
              stroke: "var(--page)",
              strokeWidth: 6,
            }),
            ...(c.ci95
              ? [
                  Plot.ruleY([y], {
                    y: (d: number) => d,
                    x1: c.ci95[0] * scale,
                    x2: c.ci95[1] * scale,
                    stroke: INK[c.verdict],
                    strokeWidth: 3,
                  }),
                ]
              : []),
            Plot.dot(c.values, {
              x: (v: number) => v * scale,
              y,
              r: 3,
              stroke: "var(--ink)",
              strokeOpacity: 0.7,
              fill: "var(--page)",
            }),
            Plot.dot([c.mean], { x: (v: number) => v * scale, y, r: 6, fill: INK[c.verdict], symbol: "diamond2" }),
          ];
        }),
      ],
    });
  const good = better === "higher" ? "to the right of 0 the first is better" : "to the left of 0 the first is better";
  const over = rows.some((c) => c.basis === "examples")
    ? "over seeds, or over test examples where only one seed ran"
    : "over seeds";
  return figure(drawing, {
    size: "half",
    panel: `Difference in ${label.toLowerCase()}`,
    caption: `Diamond: mean; bar: 95 % interval ${over}; circles: single seeds. Here ${good}.`,
  });
}
