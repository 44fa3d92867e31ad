/**
 * Building blocks for operators that ONNX has and the engine's vocabulary lacks. `native` writes one ONNX node;
 * `composed` has a formula in engine operations that gives the gradient (and the f64 values, for gradient checks),
 * while f32 values come from ONNX's own kernel.
 */
import { fail } from "../../../errors.ts";
import type { DType } from "../../dtype.ts";
import { vjp } from "../../grad.ts";
import { type Attrs, apply, type Op } from "../../graph.ts";
import type { Shape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";

type Vjp = NonNullable<Op["vjp"]>;

/** For operators without a derivative here: an error, where a silent zero would spoil a training run. */
export const noGradient =
  (onnx: string): Vjp =>
  () =>
    fail(
      "E_ONNX_GRADIENT",
      `Lyceum has no gradient for ONNX ${onnx}.`,
      "Use .stopGradient() before it, or tap an earlier layer.",
    );

/** One ONNX node with one output. Without a `gradient` the result counts as piecewise constant. */
export function native(
  onnx: string,
  inputs: readonly Tensor[],
  result: { dtype?: DType; shape?: Shape; attrs?: Attrs; gradient?: Vjp } = {},
): Tensor {
  const first = inputs[0]!;
  const { dtype = first.dtype, shape = first.shape, attrs = {}, gradient } = result;
  const op: Op = {
    name: onnx,
    ...(gradient && { vjp: gradient }),
    lower: (e, _n, names) => e.op(onnx, names, attrs),
  };
  return apply(op, inputs, dtype, shape, attrs);
}

/** A function: `formula` for gradients and f64, ONNX's operator for f32. */
export function composed(
  onnx: string,
  inputs: readonly Tensor[],
  formula: (...inputs: readonly Tensor[]) => Tensor,
  { shape = inputs[0]!.shape, ...attrs }: Attrs & { readonly shape?: Shape } = {},
): Tensor {
  const { dtype } = inputs[0]!;
  const op: Op = {
    name: onnx,
    vjp: ([g], n) => vjp([formula(...n.inputs)], [g!], n.inputs),
    lower: (e, n, names) => (dtype === "f32" ? e.op(onnx, names, attrs) : formula(...n.inputs)),
  };
  return apply(op, inputs, dtype, shape, attrs);
}
