/** Results as lines of text. */
import { thousands } from "../src/teaching/report/format.ts";
import { pad } from "../src/teaching/report/text.ts";
import { outcome, type Verdict } from "./bars.ts";
import type { Peak } from "./machine.ts";
import { type Result, timesOf } from "./race.ts";
import { median, type Ratio } from "./statistics.ts";

const digits = (value: number) => (value >= 100 ? 0 : value >= 10 ? 1 : 2);
const number = (value: number | undefined) => (value === undefined ? "" : value.toFixed(digits(value)));
const two = (value: number) => value.toFixed(value < 0.1 ? 3 : 2);
const ratio = (r: Ratio | undefined) => (r ? `${two(r.median)} [${two(r.quartiles[0])}, ${two(r.quartiles[1])}]` : "");

/** Rows of cells as aligned lines; the first column to the left, the others to the right. */
function lines(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, c) => Math.max(...rows.map((row) => row[c]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, c) => (c === 0 ? pad(cell, widths[c]!) : cell.padStart(widths[c]!)))
      .join("  ")
      .trimEnd(),
  );
}

const HEAD = ["", "ms/step", "fastest", "steps", "Lyceum / it", "by minima", "GFLOP/s", "peak MB", "compile s", "loss"];

export function raceTable(job: string, results: readonly Result[]): string {
  const ours = results[0]!;
  const flops = ours.facts.flops as number | undefined;
  const counts = results.filter((r) => r.facts.params).map((r) => r.facts.params as number);
  const params = [...new Set(counts)].map((n) => thousands(n)).join(" or ");
  const agree = new Set(counts).size <= 1 ? "" : ": THE PEERS DISAGREE";
  const head = `${job}  ${params} parameters${agree}${flops ? `, ${number(flops / 1e9)} GFLOP per step` : ""}`;
  const rows = results.map((r) => {
    const times = timesOf(r);
    const title = r.job === job ? r.title : `${r.title}, ${r.job}`;
    if (times.length === 0) return [title, `– ${r.why ?? "no time left"}`];
    const middle = median(times);
    // The count of operations is the first one's job, whose mathematics all share unless they run another job.
    const rate = flops && r.job === job ? number(flops / middle / 1e6) : "";
    const loss = r.loss ? `${r.loss.first.toFixed(3)} → ${r.loss.last.toFixed(3)}${fell(r) ? "" : " ROSE"}` : "";
    return [
      ...[title, number(middle), number(Math.min(...times)), String(times.length), ratio(r.ratio)],
      ...[r.ratio ? two(r.ratio.ofMinima) : "", rate, number(r.peakMb), compile(r), loss],
    ];
  });
  // Whoever took no part is told after the table: a reason would widen a column.
  const absent = rows.filter((row) => row.length === 2).map(([title, why]) => `  ${title}: ${why}`);
  const left = results.filter((r) => r.why && timesOf(r).length > 0).map((r) => `  ${r.title} left: ${r.why}`);
  const present = lines([HEAD, ...rows.filter((row) => row.length > 2)]);
  return [head, ...present.map((line) => `  ${line}`), ...absent, ...left, ...ownFacts(ours)].join("\n");
}

export const fell = ({ loss }: Result): boolean => !loss || loss.last < loss.first;

function compile({ facts }: Result): string {
  const seconds = facts.compileSeconds;
  return typeof seconds === "number" ? number(seconds) : "";
}

function ownFacts({ facts }: Result): string[] {
  if (facts.traceSeconds === undefined) return [];
  const ms = (name: string) => `${Math.round((facts[name] as number) * 1000)} ms`;
  const size = thousands((facts.modelBytes as number) / 1000);
  return [`  Lyceum: trace and emit ${ms("traceSeconds")}, session ${ms("sessionSeconds")}, model ${size} kB`];
}

export function peakTable(peaks: Readonly<Record<string, Peak>>): string {
  const rows = Object.entries(peaks).map(([id, peak]) =>
    "why" in peak
      ? `  ${id}: – ${peak.why}`
      : `  ${id}: ${Object.entries(peak)
          .map(([n, g]) => `${n}³ ${number(g)} GFLOP/s`)
          .join(", ")}`,
  );
  return ["matrix product, best of 12", ...rows].join("\n");
}

export function verdictTable(verdicts: readonly Verdict[]): string {
  const unit = (v: Verdict, value: number) => (v.unit === "ratio" ? two(value) : `${number(value)} ${v.unit}`);
  const rows = verdicts.map((v) => [
    v.what,
    v.value === undefined ? "" : unit(v, v.value),
    v.spread ? `[${two(v.spread[0])}, ${two(v.spread[1])}]` : "",
    `≤ ${unit(v, v.bar)}`,
    outcome(v),
    v.note ? `(${v.note})` : "",
  ]);
  const shown = lines([["bar", "measured", "quartiles", "bar", "", ""], ...rows.map((r) => r.slice(0, 5))]);
  return shown.map((line, i) => (i > 0 && rows[i - 1]![5] ? `${line}  ${rows[i - 1]![5]}` : line)).join("\n");
}
