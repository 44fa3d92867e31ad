/** Matrix products. */
import { isFloat } from "../../dtype.ts";
import * as ops from "../../ops/index.ts";
import { broadcast } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import type { Call, Operator } from "../call.ts";
import { native } from "./native.ts";

/** NumPy's matmul: a vector is a row on the left and a column on the right, and its axis vanishes again. */
function matmul(c: Call): Tensor {
  const [a, b] = [c.in(0), c.in(1)];
  const left = a.rank === 1 ? ops.expandDims(a, [0]) : a;
  const right = b.rank === 1 ? ops.expandDims(b, [1]) : b;
  const product = isFloat(a.dtype)
    ? ops.matmul(left, right)
    : native("MatMul", [left, right], {
        shape: [
          ...broadcast(left.shape.slice(0, -2), right.shape.slice(0, -2)),
          left.shape.at(-2)!,
          right.shape.at(-1)!,
        ],
      });
  const gone = [...(a.rank === 1 ? [-2] : []), ...(b.rank === 1 ? [-1] : [])];
  return gone.length ? ops.squeeze(product, gone) : product;
}

/** alpha·A'·B' + beta·C. */
function gemm(c: Call): Tensor {
  const product = ops.matmul(c.in(0), c.in(1), {
    transA: c.attrs.int("transA", 0) === 1,
    transB: c.attrs.int("transB", 0) === 1,
    alpha: c.attrs.float("alpha", 1),
  });
  const bias = c.optional(2);
  return bias ? ops.add(product, ops.mul(bias, c.attrs.float("beta", 1))) : product;
}

function einsum(c: Call): Tensor {
  const equation = c.attrs.string("equation").replaceAll(" ", "");
  if (equation.includes(".")) c.unsupported("Einsum with an ellipsis");
  if (c.count > 2) c.unsupported("Einsum of more than two operands");
  if (equation.split(/,|->/).some((term) => new Set(term).size !== term.length))
    c.unsupported("Einsum with a letter twice in one term");
  // Without an arrow the result holds the letters that appear once, in order.
  const once = [...equation.replaceAll(",", "")].filter((l, _, all) => all.filter((m) => m === l).length === 1);
  return ops.einsum(equation.includes("->") ? equation : `${equation}->${once.sort().join("")}`, ...c.all());
}

/** ONNX Runtime's own operator, which Lyceum's training programs use. */
function fusedMatmul(c: Call): Tensor {
  if (c.attrs.int("transBatchA", 0) || c.attrs.int("transBatchB", 0)) c.unsupported("a transposed batch");
  return ops.matmul(c.in(0), c.in(1), {
    transA: c.attrs.int("transA", 0) === 1,
    transB: c.attrs.int("transB", 0) === 1,
    alpha: c.attrs.float("alpha", 1),
  });
}

export const LINEAR: Readonly<Record<string, Operator>> = {
  MatMul: matmul,
  Gemm: gemm,
  Einsum: einsum,
  "com.microsoft.FusedMatMul": fusedMatmul,
};
