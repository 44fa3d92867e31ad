/**
 * The alarm without truth: a law is fitted to the early part of a curve, and an alarm is raised when three checkpoints
 * in a row leave it. A held-out proxy is judged upwards only (it should have gone on falling); the training loss to both
 * sides, because a student that memorises bends it downwards.
 */
import type { Curve } from "./curve.ts";
import { type CurveForm, type FittedCurve, fitCurve } from "./power-law.ts";

export interface AlarmOptions {
  /** Steps of the whole training. */
  readonly steps: number;
  /** Default "line". */
  readonly form?: CurveForm;
  /** Default false: upwards only. A law with a floor is always judged upwards only. */
  readonly twoSided?: boolean;
}

export interface Detection {
  readonly law: FittedCurve;
  /** Whether the law rises, so that its mean took its place. */
  readonly rises: boolean;
  /** log(value / foretold) of the checkpoints behind the fit. */
  readonly residuals: Curve;
  /** What three in a row must exceed. */
  readonly threshold: number;
  /** The third of the first three, where there are any. */
  readonly alarm?: { readonly step: number; readonly side: "above" | "below"; readonly since: number };
}

/** Shares of training that the fit sees: above the first, up to the second. */
export const FIT_SHARES = [0.05, 0.4] as const;
export const fitWindowOf = (steps: number): [number, number] => [FIT_SHARES[0] * steps, FIT_SHARES[1] * steps];
const IN_A_ROW = 3;
const LEAST = 0.03;

/**
 * No healthy curve rises: where the early part of a proxy does, its mean is the law, so that going on to rise is an
 * alarm, however straight.
 *
 * Undefined while fewer checkpoints than the law needs lie in the window. @throws E_MONITOR for values of no logarithm
 */
export function detect(curve: Curve, { steps, form = "line", twoSided = false }: AlarmOptions): Detection | undefined {
  const [from, to] = fitWindowOf(steps);
  const early = curve.filter(([step]) => step > from && step <= to);
  if (early.length < (form === "floor" ? 4 : 3)) return undefined;
  const law = fitCurve(early, form);
  const threshold = Math.max(3 * law.s, LEAST);
  const level = Math.exp(early.reduce((sum, [, value]) => sum + Math.log(value), 0) / early.length);
  const rises = law.b < 0 && !twoSided;
  const foretold = (step: number) => (rises ? level : law.at(step));
  const residuals = curve
    .filter(([step]) => step > to)
    .map(([step, value]) => [step, Math.log(value / foretold(step))] as const);
  const sides = twoSided && form === "line" ? ([1, -1] as const) : ([1] as const);
  const found = sides
    .flatMap((sign) => {
      let run = 0;
      for (const [i, [step, residual]] of residuals.entries()) {
        run = sign * residual > threshold ? run + 1 : 0;
        if (run === IN_A_ROW) {
          const since = residuals[i - IN_A_ROW + 1]![0];
          return [{ step, since, side: sign > 0 ? ("above" as const) : ("below" as const) }];
        }
      }
      return [];
    })
    .sort((a, b) => a.step - b.step)[0];
  return { law, rises, residuals, threshold, ...(found && { alarm: found }) };
}
