/** Exponential moving average of parameters: mean teachers (Tarvainen & Valpola 2017), Polyak averaging. */
import type { Operand, Tensor } from "../../tensor/index.ts";

/** decay · target + (1 - decay) · params, as target + (1-decay)(params - target): exact when they agree. */
export function ema(target: Tensor, params: Tensor, decay: Operand): Tensor {
  const rest = typeof decay === "number" ? 1 - decay : decay.neg().add(1);
  return target.add(params.sub(target).mul(rest));
}
