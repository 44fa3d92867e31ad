/**
 * Learning curves: one panel per series name; seeds thin, their mean thick, arms told apart by colour and dash.
 */
import * as Plot from "@observablehq/plot";
import { compact } from "../format.ts";
import { html, type Markup } from "../page/markup.ts";
import type { ArmStyle } from "../page/palette.ts";
import { figure, legend } from "../page/parts.ts";
import type { Report, Series } from "../schema.ts";
import { draw, padded } from "./draw.ts";

type Point = [x: number, y: number];
/** More points than a curve has pixels only make the page heavy. */
const MOST_POINTS = 200;

export function curves(report: Report, styles: ReadonlyMap<string, ArmStyle>): Markup | null {
  const drawable = report.series.filter((series) => series.points.length > 0);
  const names = [...new Set(drawable.map((series) => series.name))];
  if (names.length === 0) return null;
  const arms = report.arms.map((arm) => arm.name).filter((name) => drawable.some((series) => series.arm === name));
  const panels = names.map((name) =>
    panel(
      report,
      drawable.filter((series) => series.name === name),
      styles,
    ),
  );
  return html`${legend(arms, styles)}<div class="pair">${panels}</div>`;
}

function panel(report: Report, group: readonly Series[], styles: ReadonlyMap<string, ArmStyle>): Markup {
  const { name, x, y, metric } = group[0]!;
  const scale = y.unit === "share" ? 100 : 1;
  const scaled = group.map((series) => ({
    series,
    points: thin(series.points).map(([px, py]): Point => [px, py * scale]),
  }));
  const arms = [...new Set(group.map((series) => series.arm))];
  const means = arms.map((arm) => {
    const mine = scaled.filter((s) => s.series.arm === arm).map((s) => s.points);
    const average = meanCurve(mine);
    // Seeds that were stopped so differently that they share no x have no mean; the first stands in.
    return { arm, seeds: mine.length, points: average.length > 0 ? average : mine[0]! };
  });
  const teacher = metric
    ? report.arms.find((arm) => arm.role === "teacher" && arm.metrics[metric] && !arms.includes(arm.name))
    : undefined;
  const reference = teacher && teacher.metrics[metric!]!.mean * scale;
  const ys = [...scaled.flatMap((s) => s.points.map((p) => p[1])), ...(reference === undefined ? [] : [reference])];
  const unit = y.unit === "share" ? "%" : y.unit;
  const ends = means.map(({ arm, points }) => `${arm} ends at ${compact(points.at(-1)![1])}${unit && ` ${unit}`}`);
  const drawing = (width: number) =>
    draw({
      label: `${name} against ${x.label}: ${ends.join(", ")}.`,
      width,
      height: 290,
      marginLeft: 48,
      marginRight: 16,
      marginTop: 28,
      marginBottom: 42,
      x: {
        label: x.unit ? `${x.label} (${x.unit})` : x.label,
        ticks: Math.round(width / 90),
        tickFormat: compact,
        labelArrow: "none",
      },
      y: {
        label: unit ? `${y.label} (${unit})` : y.label,
        grid: true,
        ticks: 6,
        domain: padded(ys, {
          low: Math.min(...ys) >= 0 ? 0 : undefined,
          high: scale === 100 ? Math.max(100, ...ys) : undefined,
        }),
        labelArrow: "none",
      },
      marks: [
        ...(reference === undefined
          ? []
          : [
              Plot.ruleY([reference], {
                stroke: styles.get(teacher!.name)!.color,
                strokeWidth: 1.5,
                strokeDasharray: "9 4",
              }),
              Plot.text([teacher!.name], {
                x: () => Math.min(...group.flatMap((s) => s.points.map((p) => p[0]))),
                y: reference,
                text: (d: string) => d,
                textAnchor: "start",
                dy: -9,
                dx: 6,
                fill: "var(--ink)",
                stroke: "var(--page)",
                strokeWidth: 5,
              }),
            ]),
        ...scaled
          .filter(({ series }) => means.find((m) => m.arm === series.arm)!.seeds > 1)
          .map(({ series, points }) => line(points, styles.get(series.arm)!, { width: 1, opacity: 0.35 })),
        ...means.map(({ arm, points }) => line(points, styles.get(arm)!, { width: 2.5, opacity: 1 })),
        ...means.map(({ arm, points }) =>
          Plot.dot(points.slice(-1), { fill: styles.get(arm)!.color, symbol: styles.get(arm)!.symbol, r: 4.5 }),
        ),
      ],
    });
  const several = means.some((m) => m.seeds > 1);
  const caption = `${several ? "Thick: mean of the seeds; thin: each seed." : "One seed."}${teacher ? ` Dashed level: ${teacher.name}, final value on the test split.` : ""}`;
  return figure(drawing, { size: "half", panel: name, caption });
}

function line(points: readonly Point[], style: ArmStyle, { width, opacity }: { width: number; opacity: number }) {
  const dash = style.dash && width > 1 ? { strokeDasharray: style.dash } : {};
  return Plot.line(points, { stroke: style.color, strokeWidth: width, strokeOpacity: opacity, ...dash });
}

/** Neighbouring points averaged in buckets, the last kept as it is: a curve must end where the run ended. */
export function thin(points: readonly Point[], most = MOST_POINTS): Point[] {
  if (points.length <= most) return [...points];
  const body = points.slice(0, -1);
  const size = body.length / (most - 1);
  const buckets = Array.from({ length: most - 1 }, (_, i) =>
    body.slice(Math.floor(i * size), Math.floor((i + 1) * size)),
  );
  const average = (bucket: readonly Point[], axis: 0 | 1) =>
    bucket.reduce((sum, p) => sum + p[axis], 0) / bucket.length;
  return [...buckets.filter((b) => b.length > 0).map((b): Point => [average(b, 0), average(b, 1)]), points.at(-1)!];
}

/** Mean over curves at every x of any of them, within the range that all cover; linear between points. */
export function meanCurve(all: readonly (readonly Point[])[]): Point[] {
  const sorted = all.map((points) => [...points].sort((a, b) => a[0] - b[0]));
  const from = Math.max(...sorted.map((points) => points[0]![0]));
  const to = Math.min(...sorted.map((points) => points.at(-1)![0]));
  const xs = [...new Set(sorted.flatMap((points) => points.map((p) => p[0])))].sort((a, b) => a - b);
  return xs
    .filter((x) => x >= from && x <= to)
    .map((x) => [x, sorted.reduce((sum, points) => sum + at(points, x), 0) / sorted.length]);
}

function at(points: readonly Point[], x: number): number {
  const next = points.findIndex((p) => p[0] >= x);
  const [x1, y1] = points[next]!;
  if (x1 === x || next === 0) return y1;
  const [x0, y0] = points[next - 1]!;
  return y0 + ((y1 - y0) * (x - x0)) / (x1 - x0);
}
