/**
 * Small pieces that several sections use: tables, definition lists, badges, legends, figures in two widths.
 */
import { NONE } from "../format.ts";
import type { Comparison } from "../schema.ts";
import { html, type Markup, type Value } from "./markup.ts";
import type { ArmStyle } from "./palette.ts";

export interface Column<Row> {
  head: string;
  cell: (row: Row) => Value;
  /** Numbers stand right; prose gets a line of its own below its heading on a phone. */
  kind?: "text" | "number" | "prose";
}

/**
 * A table that turns into a list on a narrow screen. Its roles are spelt out, because `display: block` takes
 * a table's meaning away from screen readers. The first column names the row.
 */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[], caption?: Value): Markup {
  const kind = (column: Column<Row>, empty = false) => `${column.kind ?? "text"}${empty ? " empty" : ""}`;
  const cell = (row: Row, column: Column<Row>, i: number) => {
    const value = column.cell(row);
    if (i === 0) return html`<th scope="row" role="rowheader">${value}</th>`;
    return html`<td role="cell" class="${kind(column, value === NONE)}" data-label="${column.head}">${value}</td>`;
  };
  return html`<table role="table">${caption && html`<caption>${caption}</caption>`}
<thead role="rowgroup"><tr role="row">${columns.map((c) => html`<th scope="col" role="columnheader" class="${kind(c)}">${c.head}</th>`)}</tr></thead>
<tbody role="rowgroup">${rows.map((row) => html`<tr role="row">${columns.map((c, i) => cell(row, c, i))}</tr>\n`)}</tbody></table>`;
}

export function definitions(entries: readonly (readonly [term: Value, description: Value])[]): Markup {
  return html`<dl>${entries.map(([term, description]) => html`<dt>${term}</dt><dd>${description}</dd>\n`)}</dl>`;
}

/** Title, one sentence of introduction, content; the title labels the region. */
export function section(id: string, title: string, intro: Value, ...content: readonly Value[]): Markup {
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>
${intro && html`<p class="intro">${intro}</p>`}${content}</section>\n`;
}

/** Pixels; the page switches between the two drawings, so that text keeps its size instead of being scaled. */
export const WIDTHS = { full: 860, half: 500, narrow: 350 } as const;

export function figure(
  draw: (width: number) => Markup,
  { size, panel, caption, legend }: { size: "full" | "half"; panel?: string; caption: Value; legend?: Value },
): Markup {
  return html`<figure>${panel && html`<p class="panel">${panel}</p>`}${legend}
<div class="wide">${draw(WIDTHS[size])}</div><div class="narrow">${draw(WIDTHS.narrow)}</div>
<figcaption>${caption}</figcaption></figure>\n`;
}

type Mood = "good" | "bad" | "unsure";
const MOODS: Readonly<Record<string, Mood>> = { holds: "good", better: "good", fails: "bad", worse: "bad" };

/** A verdict in colour, sign and word. */
export function badge(verdict: Comparison["verdict"] | "holds" | "fails"): Markup {
  const mood = MOODS[verdict] ?? "unsure";
  return html`<span class="badge ${mood}">${sign(mood)}${verdict}</span>`;
}

export function sign(mood: Mood): Markup {
  const lines = { good: "M2.5 7.5 6 11 11.5 3.5", bad: "M3 3 11 11M11 3 3 11", unsure: "M2.5 7H11.5" }[mood];
  return html`<svg class="sign" width="14" height="14" viewBox="0 0 14 14" aria-hidden="true"><path d="${lines}" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"/></svg>`;
}

const SHAPES: Readonly<Record<ArmStyle["symbol"], string>> = {
  square: "M9 4h8v8H9z",
  circle: "M8 8a5 5 0 1 0 10 0a5 5 0 1 0-10 0z",
  triangle: "M13 2.500l5.500 9.500h-11z",
  diamond2: "M13 2l6 6-6 6-6-6z",
  hexagon: "M13 2.500l5 2.750v5.500l-5 2.750-5-2.750v-5.500z",
  star: "M13 2l1.600 4h4.400l-3.500 2.700 1.400 4.300-3.900-2.600-3.900 2.600 1.400-4.300L7 6h4.400z",
};

/** The mark of an arm: dash, symbol and colour. */
export function swatch({ color, dash, symbol }: ArmStyle, line = true): Markup {
  const stroke = html`<path d="M0 8h26" stroke="${color}" stroke-width="2" stroke-dasharray="${dash || "none"}"/>`;
  const box = line ? "0 0 26 16" : "6 0 14 16";
  return html`<svg width="${line ? 26 : 14}" height="16" viewBox="${box}" aria-hidden="true">${line && stroke}<path d="${SHAPES[symbol]}" fill="${color}"/></svg>`;
}

export function legend(names: readonly string[], styles: ReadonlyMap<string, ArmStyle>, line = true): Markup {
  return html`<ul class="legend">${names.map((name) => html`<li>${swatch(styles.get(name)!, line)}${name}</li>`)}</ul>`;
}
