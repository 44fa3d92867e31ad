/**
 * Repeating elements in space, and averages over tiles: each is the other's transpose. A broadcast to [.., H, f, W, f]
 * would do the same, 90 times slower: ONNX Runtime copies runs of f elements there.
 */
import { fail } from "../../errors.ts";
import { apply, type Op } from "../graph.ts";
import { fixed, show } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { mul } from "./elementwise.ts";
import { avgPool } from "./pool.ts";
import { broadcastTo, reshape } from "./shaping.ts";

const UPSAMPLE: Op = {
  name: "upsample",
  vjp: ([g], n) => {
    const factors = n.attrs.factors as number[];
    return [
      mul(
        avgPool(g!, { kernel: factors }),
        factors.reduce((a, b) => a * b, 1),
      ),
    ];
  },
  lower: (e, n, [x]) => {
    const from = n.inputs[0]!;
    const factors = n.attrs.factors as number[];
    if (from.dtype === "f32") {
      const attrs = { mode: "nearest", coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" };
      const scales = e.constant({ dtype: "f32", shape: [from.rank], data: Float32Array.of(1, 1, ...factors) });
      return e.op("Resize", [x!, "", scales], attrs);
    }
    const space = fixed(from.shape.slice(2));
    const lead = from.shape.slice(0, 2);
    const apart = reshape(from, [...lead, ...space.flatMap((s) => [s, 1])]);
    const wide = broadcastTo(apart, [...lead, ...space.flatMap((s, i) => [s, factors[i]!])]);
    return reshape(wide, n.outputs[0]!.shape);
  },
};

/** Every element of [N, C, ...S] repeated `factors[i]` times along spatial axis i. */
export function upsample(x: Tensor, factors: readonly number[]): Tensor {
  if (x.rank !== factors.length + 2 || factors.some((f) => !Number.isInteger(f) || f < 1))
    fail("E_SHAPE", `upsample of ${show(x.shape)} by [${factors}].`, "Give one whole number >= 1 per spatial axis.");
  if (factors.every((f) => f === 1)) return x;
  const shape = x.shape.map((d, i) => (i < 2 ? d : fixed([d])[0]! * factors[i - 2]!));
  return apply(UPSAMPLE, [x], x.dtype, shape, { factors });
}
