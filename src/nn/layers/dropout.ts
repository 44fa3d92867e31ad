/** Dropout (Srivastava et al. 2014), inverted: the survivors grow while training, evaluation is the identity. */
import { fail } from "../../errors.ts";
import type { Tensor } from "../../tensor/index.ts";
import type { Scope } from "../scope.ts";

/** Sets each element to zero with probability `rate`, and divides the others by 1 - rate. Errors: `E_OPTION`. */
export function dropout(scope: Scope, x: Tensor, rate: number): Tensor {
  if (!(rate >= 0 && rate < 1)) fail("E_OPTION", `Dropout with rate ${rate}.`, "Use a number in [0, 1).");
  if (!scope.train || rate === 0) return x;
  const kept = scope.random(x.dims).ge(rate).cast(x.dtype);
  return x.mul(kept.mul(1 / (1 - rate)));
}
