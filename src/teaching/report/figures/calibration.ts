/**
 * Reliability: of the examples on which a model was so and so confident, how many were right; and how often it
 * was so confident. On the diagonal a confidence can be taken at its word; below it the model is overconfident.
 */
import * as Plot from "@observablehq/plot";
import type { Markup } from "../page/markup.ts";
import type { ArmStyle } from "../page/palette.ts";
import { figure } from "../page/parts.ts";
import type { Calibration } from "../schema.ts";
import { draw } from "./draw.ts";

/** Bins with fewer examples are noise. */
const FEWEST = 10;
type Point = [x: number, y: number];
type Styles = ReadonlyMap<string, ArmStyle>;

export function reliability(arms: readonly Calibration[], styles: Styles): Markup {
  const bins = (arm: Calibration) => arm.bins.filter((bin) => bin.count >= FEWEST);
  const lines = arms.map((arm) => ({
    arm,
    points: bins(arm).map((b): Point => [b.confidence * 100, b.accuracy * 100]),
  }));
  const diagonal = Plot.line(
    [
      [0, 0],
      [100, 100],
    ],
    { stroke: "var(--muted)", strokeDasharray: "2 3" },
  );
  const label = `Accuracy against confidence for ${arms.map((a) => a.arm).join(", ")}; the diagonal is perfect calibration.`;
  return figure(
    (width) => panel({ label, width, y: { label: "accuracy (%)", domain: [0, 100] } }, lines, styles, diagonal),
    {
      size: "half",
      panel: "Can its confidence be trusted?",
      caption: `Test examples in bins of confidence; bins with fewer than ${FEWEST} are left out. Below the diagonal: overconfident.`,
    },
  );
}

export function sureness(arms: readonly Calibration[], styles: Styles): Markup {
  const lines = arms.map((arm) => {
    const total = arm.bins.reduce((sum, bin) => sum + bin.count, 0) || 1;
    return {
      arm,
      points: arm.bins.filter((b) => b.count > 0).map((b): Point => [b.confidence * 100, (b.count / total) * 100]),
    };
  });
  const label = `Share of the test examples in each bin of confidence for ${arms.map((a) => a.arm).join(", ")}.`;
  return figure((width) => panel({ label, width, y: { label: "test examples (%)", zero: true } }, lines, styles), {
    size: "half",
    panel: "How often is it that sure?",
    caption: "Share of the test examples in each bin of confidence.",
  });
}

function panel(
  { label, width, y }: { label: string; width: number; y: Plot.ScaleOptions },
  lines: readonly { arm: Calibration; points: Point[] }[],
  styles: Styles,
  ...behind: Plot.Markish[]
): Markup {
  return draw({
    label,
    width,
    height: 320,
    marginLeft: 48,
    marginRight: 16,
    marginTop: 28,
    marginBottom: 42,
    x: { domain: [0, 100], label: "mean confidence (%)", labelArrow: "none", ticks: 6 },
    y: { ...y, labelArrow: "none", grid: true, ticks: 6 },
    marks: [
      ...behind,
      ...lines.flatMap(({ arm, points }) => {
        const { color, dash, symbol } = styles.get(arm.arm)!;
        return [
          Plot.line(points, { stroke: color, strokeWidth: 2, ...(dash ? { strokeDasharray: dash } : {}) }),
          Plot.dot(points, { fill: color, symbol, r: 4 }),
        ];
      }),
    ],
  });
}
