/**
 * The two budgets. "student": one architecture for every n, so a larger class is a larger network. "total": hidden
 * layers shrink until the class of n has about as many parameters as the class of one.
 */
import type { Model } from "../../nn/index.ts";
import { type Anatomy, rebuilt } from "./anatomy.ts";

export const BUDGETS = ["student", "total"] as const;
export type Budget = (typeof BUDGETS)[number];

/** Steps of the search: finer than the width of any hidden layer here. */
const STEPS = 512;

/** The factor on the hidden widths with which students for these chunks have closest to `total` parameters together. */
export function equalTotalScale(anatomy: Anatomy, widths: readonly number[], total: number): number {
  let best = { scale: 1, distance: Number.POSITIVE_INFINITY };
  // Parameter counts change only where a rounded width does: few distinct networks among the steps.
  const seen = new Map<string, number>();
  for (let step = STEPS; step >= 1; step--) {
    const scale = step / STEPS;
    const hidden = anatomy.family === "mlp" ? anatomy.hidden : anatomy.stages.map(({ width }) => width);
    const shape = hidden.map((n) => Math.max(1, Math.round(n * scale))).join();
    if (seen.has(shape)) continue;
    const size = sizeOfClass(widths.map((width) => rebuilt(anatomy, width, scale)));
    seen.set(shape, size);
    const distance = Math.abs(size - total);
    if (distance < best.distance) best = { scale, distance };
  }
  return best.scale;
}

/** Parameters of all students. */
export const sizeOfClass = (students: readonly Pick<Model, "params">[]): number =>
  students.reduce((sum, { params }) => sum + params.size, 0);
