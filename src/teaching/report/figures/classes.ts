/**
 * What was kept and what was lost, class by class: teacher, student and baseline as dots on one line, the class
 * that lost most on top.
 */
import * as Plot from "@observablehq/plot";
import type { Markup } from "../page/markup.ts";
import type { ArmStyle } from "../page/palette.ts";
import { figure } from "../page/parts.ts";
import type { ClassRow } from "../schema.ts";
import { draw, labelWidth, padded, short } from "./draw.ts";

/** More rows than this are a wall; then the worst two thirds and the best third are shown. */
const MOST_ROWS = 24;

/** Accuracy lost from teacher to student; against the baseline where no teacher was measured. */
export const lost = (row: ClassRow): number => (row.teacher ?? row.baseline ?? row.student) - row.student;

/** Most lost first; equal losses by name, so that the order is the same on every run. */
export function byLoss(rows: readonly ClassRow[]): ClassRow[] {
  return [...rows].sort((a, b) => lost(b) - lost(a) || (a.class < b.class ? -1 : 1));
}

export function classes(
  rows: readonly ClassRow[],
  styles: { teacher?: ArmStyle; student: ArmStyle; baseline?: ArmStyle },
  legend: Markup,
): Markup {
  const sorted = byLoss(rows);
  const worst = Math.ceil((MOST_ROWS * 2) / 3);
  const shown = sorted.length <= MOST_ROWS ? sorted : [...sorted.slice(0, worst), ...sorted.slice(worst - MOST_ROWS)];
  const drawing = (width: number) => {
    const names = shown.map((row) => short(row.class, width < 400 ? 12 : 24));
    const all = shown
      .flatMap((row) => [row.student, row.teacher, row.baseline].filter((v) => v !== null))
      .map((v) => v * 100);
    const y = (row: ClassRow) => shown.indexOf(row);
    const dots = (of: (row: ClassRow) => number | null, style: ArmStyle | undefined, r: number) =>
      style
        ? [
            Plot.dot(
              shown.filter((row) => of(row) !== null),
              {
                x: (row: ClassRow) => of(row)! * 100,
                y,
                fill: style.color,
                symbol: style.symbol,
                r,
                stroke: "var(--page)",
                strokeWidth: 1,
              },
            ),
          ]
        : [];
    return draw({
      label: `Accuracy per class. Most lost: ${shown
        .slice(0, 3)
        .map((row) => `${row.class}, ${(lost(row) * 100).toFixed(1)} points`)
        .join("; ")}.`,
      width,
      height: shown.length * 24 + 62,
      marginLeft: Math.min(190, labelWidth(names) + 14),
      marginRight: 14,
      marginTop: 8,
      marginBottom: 42,
      x: {
        domain: padded(all, { low: 0, high: 100 }),
        label: "accuracy (%)",
        grid: true,
        labelArrow: "none",
        labelAnchor: "center",
        nice: true,
        ticks: Math.round(width / 130),
      },
      y: {
        type: "point",
        domain: shown.map((_, i) => i),
        tickFormat: (i: number) => names[i]!,
        label: null,
        tickSize: 0,
        grid: true,
      },
      marks: [
        Plot.ruleY(
          shown.filter((row) => row.teacher !== null),
          {
            y,
            x1: (row: ClassRow) => row.teacher! * 100,
            x2: (row: ClassRow) => row.student * 100,
            stroke: "var(--muted)",
            strokeWidth: 2.5,
            strokeOpacity: 0.6,
          },
        ),
        ...dots((row) => row.student, styles.student, 6),
        ...dots((row) => row.teacher, styles.teacher, 4.5),
        ...dots((row) => row.baseline, styles.baseline, 4.5),
      ],
    });
  };
  const left = sorted.length - shown.length;
  return figure(drawing, {
    size: "full",
    legend,
    caption: `Sorted by what the student lost from its teacher; the bar joins the two.${left > 0 ? ` ${left} classes in between are in the table only.` : ""}`,
  });
}
