/**
 * Observable Plot without a browser: drawn into linkedom's document, handed back as an SVG string.
 *
 * Colours are CSS custom properties, so one drawing serves the light and the dark scheme.
 */
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { fail } from "../../../errors.ts";
import { escapeHtml, Markup } from "../page/markup.ts";

/** One for all figures: building a document takes longer than drawing into it. */
let shared: Document | undefined;

export function draw({ label, ...options }: Plot.PlotOptions & { label: string; width: number }): Markup {
  shared ??= parseHTML("<!doctype html><html><body></body></html>").document;
  const element = Plot.plot({
    style: { background: "transparent", fontFamily: "inherit", fontSize: "13px", color: "var(--ink)" },
    ...options,
    document: shared,
  });
  if (element.localName !== "svg")
    fail(
      "E_FIGURE",
      `A figure came out as <${element.localName}>, not as <svg>.`,
      "Draw titles and legends outside Plot.",
    );
  // Not by Plot's ariaLabel: linkedom leaves "<" and "&" in attributes as they are.
  return new Markup(element.outerHTML.replace(/^<svg/, () => `<svg role="img" aria-label="${escapeHtml(label)}"`));
}

/** A name short enough to stand beside a mark. */
export function short(name: string, length = 24): string {
  return name.length > length ? `${name.slice(0, length - 1).trimEnd()}…` : name;
}

/** Pixels that a label takes at 13 px, on average. */
export function labelWidth(names: readonly string[]): number {
  return 7.1 * Math.max(0, ...names.map((name) => name.length));
}

/** A domain around values with some air; bounded where a quantity has bounds. */
export function padded(values: readonly number[], bounds: { low?: number; high?: number } = {}): [number, number] {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const air = (high - low || Math.abs(high) || 1) * 0.08;
  return [
    Math.max(bounds.low ?? Number.NEGATIVE_INFINITY, low - air),
    Math.min(bounds.high ?? Number.POSITIVE_INFINITY, high + air),
  ];
}

/** 1, 2, 5, 10, ... within a domain; 1, 10, 100, ... where those would crowd. */
export function logTicks([low, high]: readonly [number, number], most: number): number[] {
  const decades = Array.from(
    { length: Math.ceil(Math.log10(high)) - Math.floor(Math.log10(low)) + 1 },
    (_, i) => i + Math.floor(Math.log10(low)),
  );
  const within = (steps: readonly number[]) =>
    decades
      .flatMap((decade) => steps.map((step) => Number(`${step}e${decade}`)))
      .filter((tick) => tick >= low && tick <= high);
  return [[1, 2, 5], [1, 3], [1]].map(within).find((ticks) => ticks.length <= most) ?? within([1]);
}

/** Moves positions (pixels) apart until neighbours are at least `gap` from each other; keeps their order. */
export function apart(positions: readonly number[], gap: number): number[] {
  const order = positions.map((_, i) => i).sort((i, j) => positions[i]! - positions[j]!);
  const placed = order.map((i) => positions[i]!);
  // Pushing both ways a few times settles far more labels than a report ever has.
  for (let round = 0; round < 40; round++)
    for (let i = 1; i < placed.length; i++) {
      const overlap = gap - (placed[i]! - placed[i - 1]!);
      if (overlap <= 1e-6) continue;
      placed[i - 1]! -= overlap / 2;
      placed[i]! += overlap / 2;
    }
  const result = [...positions];
  for (const [rank, i] of order.entries()) result[i] = placed[rank]!;
  return result;
}
