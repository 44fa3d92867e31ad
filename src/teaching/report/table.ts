/**
 * The report as plain text for a terminal: the verdict, then one row per arm, then what the numbers mean.
 *
 * Columns that do not fit are left out, the headline metric last, and named, never wrapped or cut: a truncated number lies.
 */
import { bytes, difference, measured, NONE, significant, thousands } from "./format.ts";
import { definitionOf } from "./metrics.ts";
import type { Arm, Report } from "./schema.ts";
import { summarise } from "./summary.ts";
import { cut, pad, plain, wrap } from "./text.ts";

const GAP = 2;
/** Arm names shrink down to this before a column is dropped. */
const SHORTEST_NAME = 16;

export interface TableOptions {
  /** Columns of the terminal; at least 40 are used. */
  width?: number;
}

export function reportTable(report: Report, { width = 80 }: TableOptions = {}): string {
  const columns = Math.max(40, Math.floor(width));
  const { metric, sentence } = summarise(report);
  const out = [...wrap(plain(sentence), columns), "", ...grid(report, metric, columns), ""];
  for (const c of report.comparisons) {
    const { label } = definitionOf(c.metric, report.definitions);
    out.push(...wrap(plain(`${label}, ${c.a} − ${c.b}: ${difference(c)} ${c.verdict}`), columns, "  "));
  }
  const verdicts = (["holds", "fails", "inconclusive"] as const)
    .map((verdict) => [verdict, report.claims.filter((claim) => claim.verdict === verdict).length] as const)
    .filter(([, count]) => count > 0);
  if (verdicts.length > 0)
    out.push(...wrap(`claims of the paper: ${verdicts.map(([v, count]) => `${count} ${v}`).join(", ")}`, columns));
  const seeds = report.seeds.length;
  const meaning =
    seeds > 1
      ? `± is half the 95 % interval (Student's t) over ${seeds} seeds; differences are paired by seed.`
      : "One seed: nothing here says how much training luck matters. Run three or more.";
  out.push(...wrap(meaning, columns));
  return `${out.join("\n")}\n`;
}

function grid(report: Report, metric: string, width: number): string[] {
  const show = (arm: Arm, name: string) => (arm.metrics[name] ? measured(arm.metrics[name]) : NONE);
  const all: { head: string; cells: string[] }[] = [
    { head: "parameters", cells: report.arms.map((a) => (a.params === null ? NONE : thousands(a.params))) },
    { head: metric, cells: report.arms.map((a) => show(a, metric)) },
    { head: "agreement", cells: report.arms.map((a) => show(a, "agreement")) },
    { head: "latency", cells: report.arms.map((a) => (a.latencyMs ? `${significant(a.latencyMs)} ms` : NONE)) },
    { head: "size", cells: report.arms.map((a) => (a.file ? bytes(a.file.bytes) : NONE)) },
  ];
  const seen = new Set<string>();
  const columns = all
    .filter(({ head, cells }) => !seen.has(head) && seen.add(head) && cells.some((cell) => cell !== NONE))
    .map((column) => ({ ...column, width: Math.max(...[column.head, ...column.cells].map((cell) => cell.length)) }));
  const used = (list: typeof columns) => list.reduce((sum, column) => sum + column.width + GAP, 0);
  const kept = [...columns];
  // What can wait goes first: from the right, and the parameters before the headline metric.
  const leave = () => kept.splice(kept.length === 2 && kept[0]!.head === "parameters" ? 0 : -1, 1);
  while (kept.length > 1 && used(kept) + SHORTEST_NAME > width) leave();
  const names = report.arms.map((a) => plain(a.name));
  const longest = Math.max(...names.map((name) => cut(name, Number.POSITIVE_INFINITY).width), "arm".length);
  const room = Math.max(8, Math.min(longest, width - used(kept)));
  const line = (name: string, cells: string[]) =>
    pad(name, room) + cells.map((cell, i) => " ".repeat(GAP) + cell.padStart(kept[i]!.width)).join("");
  const lines = [
    line(
      "arm",
      kept.map((column) => column.head),
    ),
    "-".repeat(room + used(kept)),
    ...names.map((name, row) =>
      line(
        name,
        kept.map((column) => column.cells[row]!),
      ),
    ),
  ];
  const dropped = columns.filter((column) => !kept.includes(column)).map((column) => column.head);
  if (dropped.length > 0) lines.push(...wrap(`left out at ${width} columns: ${dropped.join(", ")}`, width));
  return lines;
}
