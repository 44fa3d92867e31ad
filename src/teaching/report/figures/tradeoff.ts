/**
 * What a model costs against what it can: size, latency or operations on a log axis, the headline metric up.
 */
import * as Plot from "@observablehq/plot";
import { compact } from "../format.ts";
import type { Markup } from "../page/markup.ts";
import type { ArmStyle } from "../page/palette.ts";
import { figure } from "../page/parts.ts";
import type { Arm, MetricDefinition } from "../schema.ts";
import { apart, draw, logTicks, padded, short } from "./draw.ts";

export interface Cost {
  name: string;
  axis: string;
  of: (arm: Arm) => number | null | undefined;
}

export const COSTS: readonly Cost[] = [
  { name: "size", axis: "parameters", of: (arm) => arm.params },
  { name: "latency", axis: "milliseconds per example", of: (arm) => arm.latencyMs },
  { name: "work", axis: "operations per example (FLOP)", of: (arm) => arm.flops },
];

const HEIGHT = 290;
/** Pixels of a letter of a label, about. */
const LETTER = 6;
const MARGIN = { marginTop: 28, marginBottom: 42, marginLeft: 48, marginRight: 20 };

/** Null unless two arms can be placed. */
export function tradeoff(
  arms: readonly Arm[],
  cost: Cost,
  metric: string,
  { label, unit, better }: Readonly<MetricDefinition>,
  styles: ReadonlyMap<string, ArmStyle>,
): Markup | null {
  const scale = unit === "share" ? 100 : 1;
  const dots = arms.flatMap((arm) => {
    const x = cost.of(arm);
    const m = arm.metrics[metric];
    if (!x || !m) return [];
    const [low, high] = m.ci95 ?? [m.mean, m.mean];
    return [
      { name: arm.name, x, y: m.mean * scale, low: low * scale, high: high * scale, style: styles.get(arm.name)! },
    ];
  });
  if (dots.length < 2) return null;
  const xs = dots.map((dot) => dot.x);
  const domain = padded(dots.flatMap((dot) => [dot.low, dot.high]));
  const xDomain: [number, number] = [Math.min(...xs) / 2, Math.max(...xs) * 2];
  const middle = Math.sqrt(xDomain[0] * xDomain[1]);
  const pixel = (y: number) =>
    MARGIN.marginTop + ((domain[1] - y) / (domain[1] - domain[0])) * (HEIGHT - MARGIN.marginTop - MARGIN.marginBottom);
  const shown = unit === "share" ? "%" : unit;
  const drawing = (width: number) => {
    const room = width - MARGIN.marginLeft - MARGIN.marginRight;
    const across = (x: number) => (Math.log(x / xDomain[0]) / Math.log(xDomain[1] / xDomain[0])) * room;
    // A label starts beyond every mark of its neighbourhood, so that it never lies on one.
    const beyond = (dot: { x: number; y: number }, toLeft: boolean) => {
      const steps = dots
        .filter((other) => Math.abs(pixel(other.y) - pixel(dot.y)) < 24)
        .map((other) => (across(other.x) - across(dot.x)) * (toLeft ? -1 : 1));
      return 12 + Math.max(0, ...steps.filter((step) => step < 48));
    };
    const titled = dots.map((dot) => {
      const title = short(dot.name, width < 400 ? 18 : 26);
      const toLeft = dot.x > middle;
      const start = across(dot.x) + (toLeft ? -1 : 1) * beyond(dot, toLeft);
      return { dot, title, toLeft, start, end: start + (toLeft ? -1 : 1) * title.length * LETTER };
    });
    const ends = (toLeft: boolean) => titled.filter((label) => label.toLeft === toLeft).map(({ end }) => end);
    // Labels of the two sides that would meet in the middle are moved apart as one column.
    const meet = Math.max(...ends(false)) > Math.min(...ends(true));
    const columns = meet ? [titled] : [false, true].map((toLeft) => titled.filter((label) => label.toLeft === toLeft));
    const labels = columns.flatMap((column) => {
      const placed = apart(
        column.map(({ dot }) => pixel(dot.y)),
        17,
      );
      return column.map(({ dot, title, toLeft, start }, i) =>
        Plot.text([dot], {
          x: "x",
          y: "y",
          text: () => title,
          textAnchor: toLeft ? "end" : "start",
          dx: start - across(dot.x),
          dy: placed[i]! - pixel(dot.y),
        }),
      );
    });
    return draw({
      label: `${label} against ${cost.axis}: ${dots.map((d) => `${d.name} ${compact(d.y)}${shown && ` ${shown}`} at ${compact(d.x)}`).join(", ")}.`,
      width,
      height: HEIGHT,
      ...MARGIN,
      x: {
        type: "log",
        domain: xDomain,
        label: cost.axis,
        ticks: logTicks(xDomain, width / 70),
        tickFormat: compact,
        labelArrow: "none",
      },
      y: { domain, grid: true, ticks: 6, label: shown ? `${label} (${shown})` : label, labelArrow: "none" },
      marks: [
        ...dots.flatMap((dot) => [
          Plot.ruleX([dot], { x: "x", y1: "low", y2: "high", stroke: dot.style.color, strokeWidth: 2 }),
          Plot.dot([dot], { x: "x", y: "y", fill: dot.style.color, symbol: dot.style.symbol, r: 6 }),
        ]),
        ...labels,
      ],
    });
  };
  const corner = better === "higher" ? "left and up" : "left and down";
  return figure(drawing, {
    size: "half",
    panel: `${label} against ${cost.name}`,
    caption: `Better is ${corner}. Log scale across; vertical bars are 95 % intervals over seeds.`,
  });
}
