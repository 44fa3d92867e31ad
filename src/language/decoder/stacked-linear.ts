/**
 * Several linear layers of one input whose matrices stand one above the other in one parameter (queries, keys and
 * values; gate and up). Over many rows the matrix is cut, not the result: it is smaller, and no gradient has to be
 * joined again.
 */
import { layers, type Scope } from "../../nn/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import { matrixInit, zeros } from "./initial.ts";

/** x [..., D] -> [..., n] for each n of `sizes`. Parameters: weight [Σ sizes, D], bias [Σ sizes]. */
export function stackedLinear(scope: Scope, x: Tensor, sizes: readonly number[], bias: boolean): Tensor[] {
  const into = Number(x.shape.at(-1));
  const out = sizes.reduce((a, b) => a + b, 0);
  const weight = scope.param("weight", [out, into], matrixInit);
  const shift = bias ? scope.param("bias", [out], zeros) : undefined;
  const lead = x.shape.slice(0, -1);
  // One matrix of rows: gradients of the parts meet before it is shaped back, where ONNX Runtime adds inside a product.
  const rows = x.reshape([-1, into]);
  const shaped = (parts: readonly Tensor[]) => parts.map((part) => part.reshape([...lead, part.shape.at(-1)!]));
  const count = lead.reduce<number>((n, d) => n * (typeof d === "number" ? d : 1), 1);
  if (count < into) return shaped(layers.affine(rows, weight, shift).split(-1, sizes));
  const shifts = shift?.split(0, sizes);
  return shaped(weight.split(0, sizes).map((part, i) => layers.affine(rows, part, shifts?.[i])));
}
