/**
 * Does the fit find a law again? Runs of the published supervised law on the paper's grid, with 0.3 % noise and three
 * spoilt ones; then predictions for models twice as large on four times the data (part B of the specification).
 */
import { random } from "../../tensor/index.ts";
import { fitSupervised } from "./fit.ts";
import { PRESETS, supervisedLoss } from "./law.ts";

const SIZES = [1.43e8, 2.66e8, 5.46e8, 9.75e8, 1.82e9, 2.82e9, 4.82e9, 7.75e9];
const PER_PARAMETER = [5, 20, 80, 160, 320];
const SPOILT = [17, 58, 99];

/** Median and largest relative error. */
export function recovery(): { readonly median: number; readonly largest: number } {
  const { supervised: law } = PRESETS["c4-busbridge-2025"]!;
  const grid = SIZES.flatMap((N) => PER_PARAMETER.flatMap((M) => [1, 1.4, 1.9].map((f) => ({ N, D: N * M * f }))));
  const noise = random.normal(random.fold(random.key(0), "recovery"), grid.length);
  const runs = grid.map(({ N, D }, i) => ({
    N,
    D,
    loss: supervisedLoss(law, N, D) * Math.exp(0.003 * noise[i]!) * (SPOILT.includes(i) ? 1.05 : 1),
  }));
  const fit = fitSupervised(runs, { starts: 64 });
  const errors = SIZES.flatMap((N) => PER_PARAMETER.map((M) => ({ N: 2 * N, D: 4 * N * M })))
    .map(({ N, D }) => Math.abs(supervisedLoss(fit.law, N, D) / supervisedLoss(law, N, D) - 1))
    .sort((a, b) => a - b);
  return { median: errors[errors.length >> 1]!, largest: errors.at(-1)! };
}
