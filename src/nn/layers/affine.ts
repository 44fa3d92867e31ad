/**
 * y = x Wᵀ + b as one GEMM. A node of its own because ONNX Runtime adds the bias inside the product (and fuses a
 * following ReLU) only when it sees Gemm with three inputs.
 */
import { fail } from "../../errors.ts";
import { apply, type Op } from "../../tensor/graph.ts";
import type { Tensor } from "../../tensor/index.ts";
import { matmul } from "../../tensor/ops/index.ts";
import { show } from "../../tensor/shape.ts";

const AFFINE: Op = {
  name: "affine",
  vjp: ([g], n) => {
    const [x, w] = n.inputs as [Tensor, Tensor, Tensor];
    return [matmul(g!, w), matmul(g!, x, { transA: true }), g!.sum(0)];
  },
  lower: (e, _n, inputs) => e.op("Gemm", inputs, { transB: 1 }),
};

/** x [..., in], weight [out, in], bias [out] -> [..., out]. Errors: `E_SHAPE`. */
export function affine(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const [out, into] = weight.dims as [number, number];
  if (x.shape.at(-1) !== into) {
    fail("E_SHAPE", `A linear layer of ${into} inputs got ${show(x.shape)}.`, `The last axis must be ${into}.`);
  }
  const rows = x.rank === 2 ? x : x.reshape([-1, into]);
  const y = bias
    ? apply(AFFINE, [rows, weight, bias], x.dtype, [rows.shape[0]!, out])
    : matmul(rows, weight, { transB: true });
  return x.rank === 2 ? y : y.reshape([...x.shape.slice(0, -1), out]);
}
