/** Comparison of explanations by direction: 1 - cos of the flattened maps (ECCV 2024, eq. 2). */
import { fail } from "../../../errors.ts";
import { poolToCommon } from "../../../teaching/losses/resize.ts";
import type { Tensor } from "../../../tensor/index.ts";

/** Inside both norms, so that a map of zeros has the cosine 0 and a finite gradient. */
const EPS = 1e-8;

const length = (x: Tensor): Tensor =>
  x
    .square()
    .sum(-1)
    .add(EPS * EPS)
    .sqrt();

/**
 * cos(a_b, b_b) `[B]`, each map flattened over channels and positions; maps of different size are averaged down to the
 * smaller one first. @throws E_EXPLAIN for different numbers of channels
 */
export function mapCosine(a: Tensor, b: Tensor): Tensor {
  if (a.dims[1] !== b.dims[1]) {
    fail(
      "E_EXPLAIN",
      `Explanations of ${a.dims[1]} and ${b.dims[1]} channels cannot be compared.`,
      "Explain teacher and student in the same way.",
    );
  }
  const [x, y] = poolToCommon(a, b).map((t) => t.flatten(1)) as [Tensor, Tensor];
  // Each by its own length first: the product of two small lengths would leave f32.
  return x
    .div(length(x).expandDims(1))
    .mul(y.div(length(y).expandDims(1)))
    .sum(-1);
}

/** 1 where a map is zero everywhere, `[B]`: nothing speaks for the explained class, and the loss has no gradient there. */
export function isEmpty(map: Tensor): Tensor {
  return map.flatten(1).abs().max(-1).eq(0).cast("f32");
}
