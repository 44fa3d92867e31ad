/** Look-up tables of vectors. */
import type { Tensor } from "../../tensor/index.ts";
import { type Initialiser, normal } from "../init.ts";
import type { Scope } from "../scope.ts";

/** indices i32 [...] -> [..., width]. Parameter: weight [count, width], standard normal where `init` is not given. */
export function embedding(
  scope: Scope,
  indices: Tensor,
  count: number,
  width: number,
  init: Initialiser = normal(1),
): Tensor {
  return scope.param("weight", [count, width], init).gather(indices);
}
