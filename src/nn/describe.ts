/** A model as a table for people. */
import type { Model } from "./model.ts";

/** Paths, shapes and counts, one parameter a line, then totals. */
export function describeModel(model: Model): string {
  const rows = model.params.entries.map((e) => [e.path, `[${e.shape.join(", ")}]`, e.size.toLocaleString("en")]);
  const table = align([["parameter", "shape", "count"], ...rows]);
  const totals = [
    `${model.params.size.toLocaleString("en")} parameters`,
    ...(model.buffers.size > 0 ? [`${model.buffers.size.toLocaleString("en")} buffer values`] : []),
    `${(model.flops / 1e6).toPrecision(3)} MFLOP per example`,
  ];
  return `${model.name}: input [${model.inputShape.join(", ")}]\n${table}\n${totals.join(", ")}`;
}

/** Left-aligned columns, the last one right-aligned. */
function align(rows: readonly (readonly string[])[]): string {
  const width = rows[0]!.map((_, c) => Math.max(...rows.map((r) => r[c]!.length)));
  return rows
    .map((r) => r.map((cell, c) => (c === r.length - 1 ? cell.padStart(width[c]!) : cell.padEnd(width[c]!))).join("  "))
    .join("\n");
}
