/**
 * Gated recurrent unit (Cho et al. 2014) with PyTorch's equations, names and gate order r, z, n:
 *   r = σ(W_ir x + b_ir + W_hr h + b_hr),  z = σ(W_iz x + b_iz + W_hz h + b_hz),
 *   n = tanh(W_in x + b_in + r ∘ (W_hn h + b_hn)),  h' = (1 - z) ∘ n + z ∘ h,  h₀ = 0.
 *
 * The input projections of all times are one GEMM; the recurrence is unrolled, time first, so that cutting a step out
 * is a contiguous copy. r and z share every kernel.
 */
import { fail } from "../../errors.ts";
import type { Tensor } from "../../tensor/index.ts";
import { stack } from "../../tensor/ops/index.ts";
import { uniform } from "../init.ts";
import type { Scope } from "../scope.ts";
import { affine } from "./affine.ts";

export interface GruOptions {
  /** Stacked layers. */
  readonly layers?: number;
}

/**
 * x [B, T, I] -> every hidden state of the last layer [B, T, H] and its final one [B, H]. Parameters of layer l:
 * weight_ih_l{l} [3H, I], weight_hh_l{l} [3H, H], bias_ih_l{l} [3H], bias_hh_l{l} [3H].
 */
export function gru(
  scope: Scope,
  x: Tensor,
  hidden: number,
  { layers = 1 }: GruOptions = {},
): { states: Tensor; last: Tensor } {
  if (x.rank !== 3) fail("E_SHAPE", `gru at "${scope.path}" got ${x}.`, "Expected [batch, time, features].");
  let sequence = x.transpose([1, 0, 2]);
  let last = sequence;
  for (let l = 0; l < layers; l++) ({ sequence, last } = layer(scope, sequence, hidden, l));
  return { states: sequence.transpose([1, 0, 2]), last };
}

/** x [T, B, I] -> [T, B, H]. */
function layer(scope: Scope, x: Tensor, hidden: number, l: number): { sequence: Tensor; last: Tensor } {
  const [time, batch, into] = [Number(x.shape[0]), x.shape[1]!, Number(x.shape[2])];
  const start = uniform(1 / Math.sqrt(hidden));
  const weightIn = scope.param(`weight_ih_l${l}`, [3 * hidden, into], start);
  const weight = scope.param(`weight_hh_l${l}`, [3 * hidden, hidden], start);
  const biasIn = scope.param(`bias_ih_l${l}`, [3 * hidden], start);
  const bias = scope.param(`bias_hh_l${l}`, [3 * hidden], start);
  const gates = [2 * hidden, hidden];
  const [inGates, inNew] = affine(x, weightIn, biasIn)
    .split(-1, gates)
    .map((part) => part.split(0, Array<number>(time).fill(1))) as [Tensor[], Tensor[]];
  const states: Tensor[] = [];
  for (let t = 0; t < time; t++) {
    const h = states.at(-1);
    // At t = 0 the state is zero: its product is the bias alone.
    const recurrent = h ? affine(h, weight, bias) : bias.reshape([1, -1]);
    const [hGates, hNew] = recurrent.split(-1, gates) as [Tensor, Tensor];
    const open = inGates[t]!.reshape([batch, 2 * hidden])
      .add(hGates)
      .sigmoid();
    const [r, z] = open.split(-1, [hidden, hidden]) as [Tensor, Tensor];
    const n = inNew[t]!.reshape([batch, hidden]).add(r.mul(hNew)).tanh();
    states.push(n.add(z.mul(h ? h.sub(n) : n.neg())));
  }
  return { sequence: stack(states), last: states.at(-1)! };
}
