/** The method's own pictures: each kind of figure of the schema, drawn. */
import * as Plot from "@observablehq/plot";
import { compact, significant } from "../format.ts";
import { html, type Markup } from "../page/markup.ts";
import { figure, section, table } from "../page/parts.ts";
import type { Figure, Report } from "../schema.ts";
import { draw, labelWidth, padded, short } from "./draw.ts";

type Kind<K extends Figure["kind"]> = Extract<Figure, { kind: K }>;
interface Axis {
  readonly label: string;
  readonly unit: string;
}

const COLOURS = 6;
const SYMBOLS = ["circle", "square", "triangle", "diamond2", "hexagon", "star"] as const;
const DASHES = ["", "5 3", "2 3", "9 3 2 3", "9 4", "1 4"] as const;
const ROW = 24;
const colour = (i: number): string => `var(--series-${i % COLOURS})`;
const scaleOf = ({ unit }: Axis): number => (unit === "share" ? 100 : 1);
const unitOf = ({ unit }: Axis): string => (unit === "share" ? "%" : unit);
const labelOf = (axis: Axis): string => (unitOf(axis) ? `${axis.label} (${unitOf(axis)})` : axis.label);

export function methodSection({ figures = [] }: Pick<Report, "figures">): Markup | null {
  if (figures.length === 0) return null;
  return section(
    "method",
    "What the method did",
    null,
    ...figures.map((f) => (DRAW[f.kind] as (f: Figure) => Markup)(f)),
  );
}

const DRAW: { readonly [K in Figure["kind"]]: (figure: Kind<K>) => Markup } = {
  lines: (f) =>
    framed(
      f,
      axes(
        f,
        f.lines.flatMap(({ points }) => points),
        (sx, sy) =>
          f.lines.flatMap(({ points }, i) => [
            Plot.line(
              points.map(([x, y]) => [x * sx, y * sy]),
              {
                stroke: colour(i),
                strokeWidth: 2,
                ...(DASHES[i % COLOURS] && { strokeDasharray: DASHES[i % COLOURS] }),
              },
            ),
            Plot.dot(
              points.slice(-1).map(([x, y]) => [x * sx, y * sy]),
              { fill: colour(i), r: 4, symbol: SYMBOLS[i % COLOURS]! },
            ),
          ]),
      ),
      key(f.lines.map(({ name }) => name)),
    ),
  scatter: (f) =>
    framed(
      f,
      axes(
        f,
        f.groups.flatMap(({ points }) => points),
        (sx, sy) =>
          f.groups.map(({ points }, i) =>
            Plot.dot(
              points.map(([x, y]) => [x * sx, y * sy]),
              { fill: colour(i), fillOpacity: 0.6, r: points.length > 200 ? 2 : 4, symbol: SYMBOLS[i % COLOURS]! },
            ),
          ),
      ),
      key(f.groups.map(({ name }) => name)),
    ),
  bars: (f) => framed(f, (width) => bars(f, width)),
  shares: (f) =>
    framed(
      f,
      (width) => {
        const cells = f.layers.flatMap(({ name, values }) =>
          values.map((value, j) => ({ name, value: value * 100, x: f.at[j]! })),
        );
        return draw({
          label: `${f.title}: ${f.layers.map(({ name, values }) => `${name} from ${pc(values[0])} to ${pc(values.at(-1))}`).join(", ")}.`,
          ...{ width, height: 260, marginLeft: 48, marginRight: 16, marginTop: 20, marginBottom: 42 },
          x: { label: labelOf(f.x), ticks: Math.round(width / 90), tickFormat: compact, labelArrow: "none" },
          y: { label: "%", domain: [0, 100], grid: true, labelArrow: "none" },
          marks: [
            Plot.areaY(cells, {
              x: "x",
              y: "value",
              z: "name",
              fill: (d: { name: string }) => colour(f.layers.findIndex(({ name }) => name === d.name)),
              fillOpacity: 0.85,
              order: f.layers.map(({ name }) => name),
            }),
          ],
        });
      },
      key(f.layers.map(({ name }) => name)),
    ),
  pictures: (f) =>
    html`<figure><p class="panel">${f.title}</p>${f.rows.map(
      ({ label, pictures }) =>
        html`<div class="maps"><span class="name">${label}</span>${pictures.map(
          ({ image, caption }) =>
            html`<span class="map"><img src="${image}" alt="${label}: ${caption}" width="84" height="84"><small>${caption}</small></span>`,
        )}</div>`,
    )}<figcaption>${f.caption}</figcaption></figure>\n`,
  table: (f) => {
    const rows = f.rows.map((cells) => ({ cells }));
    const columns = f.columns.map((head, i) => ({
      head,
      kind: f.rows.every((row) => typeof row[i] === "number") ? ("number" as const) : ("text" as const),
      cell: ({ cells }: { cells: readonly (string | number)[] }) => {
        const value = cells[i] ?? "";
        return typeof value === "number" ? significant(value, 4) : value;
      },
    }));
    return html`<h3>${f.title}</h3>${table(rows, columns, f.caption)}`;
  },
};

const pc = (share: number | undefined): string => `${Math.round(100 * (share ?? 0))} %`;

function framed(f: Figure, drawing: (width: number) => Markup, legend?: Markup): Markup {
  return figure(drawing, { size: "full", panel: f.title, caption: f.caption, ...(legend && { legend }) });
}

function key(names: readonly string[]): Markup {
  return html`<ul class="legend">${names.map(
    (name, i) =>
      html`<li><svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true"><rect x="1" y="1" width="12" height="12" rx="3" fill="${colour(i)}"/></svg>${name}</li>`,
  )}</ul>`;
}

function axes(
  f: Kind<"lines"> | Kind<"scatter">,
  points: readonly (readonly [number, number])[],
  marks: (sx: number, sy: number) => Plot.Markish[],
): (width: number) => Markup {
  const [sx, sy] = [scaleOf(f.x), scaleOf(f.y)];
  const [xs, ys] = [points.map(([x]) => x * sx), points.map(([, y]) => y * sy)];
  return (width) =>
    draw({
      label: `${f.title}: ${f.y.label} against ${f.x.label}.`,
      ...{ width, height: 320, marginLeft: 56, marginRight: 20, marginTop: 24, marginBottom: 44 },
      x: {
        label: labelOf(f.x),
        domain: padded(xs),
        ticks: Math.round(width / 90),
        tickFormat: compact,
        labelArrow: "none",
      },
      y: { label: labelOf(f.y), domain: padded(ys), grid: true, ticks: 6, labelArrow: "none" },
      marks: marks(sx, sy),
    });
}

function bars(f: Kind<"bars">, width: number): Markup {
  const scale = scaleOf(f.value);
  const rows = f.bars.map((bar, i) => ({ ...bar, i, value: bar.value * scale, ci95: bar.ci95?.map((v) => v * scale) }));
  const ends = rows.flatMap(({ value, ci95 }) => [value, ...(ci95 ?? [])]);
  const names = rows.map(({ name, group }) => short(group ? `${group}: ${name}` : name, 34));
  const groups = [...new Set(f.bars.map(({ group }) => group ?? ""))];
  const domain = padded([0, ...ends], {
    ...(Math.min(...ends) >= 0 && { low: 0 }),
    ...(Math.max(...ends) <= 0 && { high: 0 }),
  });
  return draw({
    label: `${f.title}: ${rows.map(({ value }, i) => `${names[i]} ${significant(value)}`).join(", ")}.`,
    ...{ width, height: rows.length * ROW + 60, marginTop: 12, marginBottom: 44, marginRight: 16 },
    marginLeft: Math.min(width * 0.45, labelWidth(names) + 16),
    x: {
      label: labelOf(f.value),
      domain,
      grid: true,
      ticks: Math.round(width / 110),
      labelArrow: "none",
      labelAnchor: "center",
    },
    y: {
      type: "band",
      domain: rows.map(({ i }) => i),
      tickFormat: (i: number) => names[i]!,
      tickSize: 0,
      label: null,
      padding: 0.3,
    },
    marks: [
      Plot.barX(rows, {
        x: "value",
        y: "i",
        fill: ({ group = "" }: { group?: string }) => colour(groups.indexOf(group)),
        fillOpacity: 0.75,
      }),
      Plot.ruleY(
        rows.filter(({ ci95 }) => ci95),
        {
          y: "i",
          x1: (d: { ci95: number[] }) => d.ci95[0],
          x2: (d: { ci95: number[] }) => d.ci95[1],
          stroke: "var(--ink)",
          strokeWidth: 2,
        },
      ),
      Plot.ruleX([0], { stroke: "var(--ink)" }),
    ],
  });
}
