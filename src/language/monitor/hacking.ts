/**
 * Teacher hacking measured with the truth: golden is the distance of the student from the truth, proxy the distance from
 * its teacher, both on fixed prompts. Regrets compare the end with the best checkpoint. Strict hacking is golden rising
 * while proxy still falls or stands; where both rise it is over-fitting, and has to be called that.
 */
import { fail } from "../../errors.ts";
import { smoothed } from "./curve.ts";

/** values[checkpoint][prompt], nats per token; the same prompts in the same order at every checkpoint. */
export interface HackingEvidence {
  readonly steps: readonly number[];
  readonly golden: readonly (readonly number[])[];
  readonly proxy: readonly (readonly number[])[];
}

/** end / least - 1: how much worse the last checkpoint is than the best one; 0 where the last one is the best. */
export function regret(values: readonly number[]): number {
  const end = values.at(-1);
  if (end === undefined) return fail("E_MONITOR", "A curve without checkpoints has no regret.", "Give at least one.");
  return end / Math.min(...values) - 1;
}

/** Golden regret that no proxy regret explains: R_g - max(R_p, 0). */
export const hackingIndex = (golden: readonly number[], proxy: readonly number[]): number =>
  regret(golden) - Math.max(regret(proxy), 0);

/** Windows are this share of training. */
const SHARE = 0.1;

/**
 * Intervals of strict hacking: the union of windows (s, t) of a tenth of training in which golden rises by more than
 * twice the standard error of its paired differences over prompts, and proxy does not. Curves are smoothed over three
 * checkpoints first, prompt by prompt; between checkpoints they are straight lines over log step, so that windows do not
 * depend on where checkpoints happen to lie. @throws E_MONITOR when the three disagree in size
 */
export function strictIntervals({ steps, golden, proxy }: HackingEvidence): [from: number, to: number][] {
  if (golden.length !== steps.length || proxy.length !== steps.length) {
    fail("E_MONITOR", `${steps.length} steps, ${golden.length} and ${proxy.length} measurements.`, "Give one each.");
  }
  const end = steps.at(-1) ?? 0;
  const [g, p] = [interpolated(steps, golden), interpolated(steps, proxy)];
  const width = SHARE * end;
  const found: [number, number][] = [];
  // Windows that end at a checkpoint or begin at one.
  const ends = [...new Set([...steps, ...steps.map((s) => s + width)])].sort((a, b) => a - b);
  for (const t of ends) {
    const s = t - width;
    if (s < (steps[0] ?? 0) || t > end) continue;
    const rise = change(g(s), g(t));
    const turn = change(p(s), p(t));
    if (!(rise.mean > 2 * rise.error && turn.mean < 2 * turn.error)) continue;
    const last = found.at(-1);
    if (last && last[1] >= s) last[1] = t;
    else found.push([s, t]);
  }
  return found;
}

function change(from: readonly number[], to: readonly number[]): { mean: number; error: number } {
  const differences = from.map((v, i) => to[i]! - v);
  const n = differences.length;
  const mean = differences.reduce((sum, d) => sum + d, 0) / n;
  const squares = differences.reduce((sum, d) => sum + (d - mean) ** 2, 0);
  return { mean, error: Math.sqrt(squares / Math.max(1, n - 1) / n) };
}

/** Values of all prompts at any step between the first and the last checkpoint. */
function interpolated(steps: readonly number[], values: readonly (readonly number[])[]): (step: number) => number[] {
  const prompts = values[0]?.length ?? 0;
  const smooth = Array.from({ length: prompts }, (_, i) => smoothed(values.map((row) => row[i]!)));
  return (step) => {
    const right = Math.max(
      1,
      steps.findIndex((at) => at >= step),
    );
    const [x0, x1] = [Math.log(steps[right - 1]!), Math.log(steps[right]!)];
    const share = (Math.log(step) - x0) / (x1 - x0);
    return smooth.map((row) => row[right - 1]! + share * (row[right]! - row[right - 1]!));
  };
}
