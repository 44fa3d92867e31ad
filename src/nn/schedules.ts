/**
 * Learning-rate schedules (and any other number that changes over a run): pure functions of the step, counted from 1
 * for the first update. Composed by calling one inside another, so that there is no scheduler state to checkpoint.
 */
import { fail } from "../errors.ts";

/** The value at step 1, 2, ... */
export type Schedule = (step: number) => number;

const needSteps = (what: string, steps: number) => {
  if (!(steps >= 1)) fail("E_OPTION", `${what} over ${steps} steps.`, "Give at least one step.");
};

export function constant(value: number): Schedule {
  return () => value;
}

/** `value` times `factor` for every boundary that has passed: step 1..b₀ keep the value, b₀+1.. the next. */
export function stepwise(value: number, boundaries: readonly number[], factor = 0.1): Schedule {
  return (step) => value * factor ** boundaries.filter((b) => step > b).length;
}

/** From `from` (at step 1) to `to` (at step `steps` + 1, and ever after) in a straight line. */
export function linear(from: number, to: number, steps: number): Schedule {
  needSteps("A line", steps);
  return (step) => from + (to - from) * Math.min((step - 1) / steps, 1);
}

/** Half a cosine from `value` at step 1 to `final` at step `steps` + 1. Loshchilov & Hutter 2017, without restarts. */
export function cosine(value: number, steps: number, final = 0): Schedule {
  needSteps("A cosine", steps);
  return (step) => final + ((value - final) * (1 + Math.cos(Math.PI * Math.min((step - 1) / steps, 1)))) / 2;
}

/** `steps` steps from value/steps up to the value of `then` at its first step, which continues from there. */
export function warmup(steps: number, then: Schedule): Schedule {
  needSteps("A warm-up", steps);
  return (step) => (step <= steps ? (then(1) * step) / steps : then(step - steps));
}

export interface TriStageOptions {
  readonly peak: number;
  /** Total steps. */
  readonly steps: number;
  /** Shares of the three stages (warm-up, hold, decay), adding up to 1. */
  readonly stages?: readonly [number, number, number];
  /** Starts at peak x initialScale. */
  readonly initialScale?: number;
  /** Ends at peak x finalScale. */
  readonly finalScale?: number;
}

/**
 * Linear warm-up, hold, exponential decay: the schedule of wav2vec 2.0 and data2vec fine-tuning (fairseq's tri_stage
 * with its defaults). Update n of fairseq, counted from 0, is step n + 1 here.
 */
export function triStage(options: TriStageOptions): Schedule {
  const { peak, steps, stages = [0.1, 0.4, 0.5], initialScale = 0.01, finalScale = 0.05 } = options;
  needSteps("A tri-stage schedule", steps);
  if (Math.abs(stages[0] + stages[1] + stages[2] - 1) > 1e-6) {
    fail("E_OPTION", `Stages [${stages}] do not add up to 1.`, "Give shares of the run, such as [0.1, 0.4, 0.5].");
  }
  const [up, hold, down] = stages.map((share) => Math.floor(share * steps)) as [number, number, number];
  const start = initialScale * peak;
  return (step) => {
    const n = step - 1;
    if (n < up) return start + ((peak - start) * n) / up;
    if (n < up + hold) return peak;
    return n <= up + hold + down ? peak * finalScale ** ((n - up - hold) / down) : peak * finalScale;
  };
}
