/**
 * Power laws through the early part of a curve: log value = a - b log step, and with a floor, value = A step^-b + c.
 *
 * A student without the capacity for its teacher ends at a floor, which bends a straight line as hacking does; the form
 * with a floor knows the difference. It is fitted by a search over c: for a given c it is a straight line in
 * log(value - c), weighted so that residuals are those of log value to first order.
 */
import { fail } from "../../errors.ts";
import type { Curve } from "./curve.ts";

export type CurveForm = "line" | "floor";

export interface FittedCurve {
  readonly form: CurveForm;
  /** Exponent. */
  readonly b: number;
  /** 0 for a line. */
  readonly floor: number;
  /** Standard deviation of the residuals of log value, with the degrees of freedom that the form leaves. */
  readonly s: number;
  /** The value that the law foretells. */
  at(step: number): number;
}

const needed = { line: 3, floor: 4 } as const;

/** @throws E_MONITOR for too few points, or a step or value that has no logarithm */
export function fitCurve(curve: Curve, form: CurveForm): FittedCurve {
  if (curve.length < needed[form]) {
    fail("E_MONITOR", `${curve.length} checkpoints do not fix a ${form}.`, `Give at least ${needed[form]}.`);
  }
  const bad = curve.find(([step, value]) => !(step > 0 && value > 0 && Number.isFinite(value)));
  if (bad)
    fail("E_MONITOR", `The checkpoint (${bad[0]}, ${bad[1]}) has no logarithm.`, "Steps and values are above 0.");
  const least = Math.min(...curve.map(([, value]) => value));
  const floor = form === "line" ? 0 : bestFloor(curve, least);
  const { a, b } = lineThrough(curve, floor);
  const at = (step: number) => Math.exp(a - b * Math.log(step)) + floor;
  const squares = curve.reduce((sum, [step, value]) => sum + Math.log(value / at(step)) ** 2, 0);
  const free = curve.length - (needed[form] - 1);
  return { form, b, floor, s: Math.sqrt(squares / free), at };
}

/** Weighted least squares of log(value - floor) on log step. */
function lineThrough(curve: Curve, floor: number): { a: number; b: number; squares: number } {
  const points = curve.map(([step, value]) => {
    const rest = value - floor;
    return { x: Math.log(step), y: Math.log(rest), w: (rest / value) ** 2 };
  });
  const total = points.reduce((sum, { w }) => sum + w, 0);
  const mean = (of: (p: (typeof points)[number]) => number) => points.reduce((sum, p) => sum + p.w * of(p), 0) / total;
  const [mx, my] = [mean(({ x }) => x), mean(({ y }) => y)];
  const slope = mean(({ x, y }) => (x - mx) * (y - my)) / mean(({ x }) => (x - mx) ** 2);
  const squares = points.reduce((sum, { x, y, w }) => sum + w * (y - my - slope * (x - mx)) ** 2, 0);
  return { a: my - slope * mx, b: -slope, squares };
}

/** The floor with the least squares: a coarse look over [0, least), then golden section around the best. */
function bestFloor(curve: Curve, least: number): number {
  const STEPS = 200;
  const at = (i: number) => (least * i) / (STEPS + 1);
  const cost = (floor: number) => lineThrough(curve, floor).squares;
  let best = 0;
  for (let i = 1; i <= STEPS; i++) if (cost(at(i)) < cost(at(best))) best = i;
  let [low, high] = [at(Math.max(0, best - 1)), at(best + 1) - (best === STEPS ? least * 1e-9 : 0)];
  const ratio = (Math.sqrt(5) - 1) / 2;
  for (let i = 0; i < 100; i++) {
    const [x, y] = [high - ratio * (high - low), low + ratio * (high - low)];
    if (cost(x) <= cost(y)) high = y;
    else low = x;
  }
  const found = (low + high) / 2;
  return cost(found) < cost(0) ? found : 0;
}

/**
 * The form that foretells the later part of a healthy (online) run of the same student better: least mean square of log
 * residuals behind the fit. A line where there are too few checkpoints to tell.
 */
export function betterForm(healthy: Curve, fitWindow: readonly [from: number, to: number]): CurveForm {
  const [from, to] = fitWindow;
  const early = healthy.filter(([step]) => step > from && step <= to);
  const later = healthy.filter(([step]) => step > to);
  if (early.length < needed.floor || later.length === 0) return "line";
  const error = (form: CurveForm) => {
    const fitted = fitCurve(early, form);
    return later.reduce((sum, [step, value]) => sum + Math.log(value / fitted.at(step)) ** 2, 0);
  };
  return error("floor") < error("line") ? "floor" : "line";
}
