/**
 * Adaptive average pooling of feature maps to a common size, as two products with constant matrices.
 *
 * Output cell i averages the inputs from floor(i·n/m) to ceil((i+1)·n/m), which is PyTorch's adaptive_avg_pool2d; as
 * matrices it needs no kernel that knows uneven windows, and its gradient is a product too.
 */
import { fail } from "../../errors.ts";
import { constant, matmul, type Tensor } from "../../tensor/index.ts";

/** `[B, c, h, w] -> [B, c, height, width]`; sizes may only shrink. @throws E_LOSS_SHAPE */
export function poolTo(x: Tensor, height: number, width: number): Tensor {
  const [, , h = 0, w = 0] = x.dims;
  if (x.rank !== 4 || height > h || width > w) {
    fail(
      "E_LOSS_SHAPE",
      `Cannot pool a feature map [${x.dims}] to ${height} x ${width}.`,
      "Pooling only shrinks maps.",
    );
  }
  const rows = height === h ? x : matmul(averaging(h, height, x.dtype), x);
  return width === w ? rows : matmul(rows, averaging(w, width, x.dtype), { transB: true });
}

/** Both maps at the smaller height and width of the two. */
export function poolToCommon(a: Tensor, b: Tensor): [Tensor, Tensor] {
  const height = Math.min(a.dims[2]!, b.dims[2]!);
  const width = Math.min(a.dims[3]!, b.dims[3]!);
  return [poolTo(a, height, width), poolTo(b, height, width)];
}

/** `[to, from]`, rows sum to 1. */
function averaging(from: number, to: number, dtype: Tensor["dtype"]): Tensor {
  const data = dtype === "f64" ? new Float64Array(to * from) : new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const start = Math.floor((i * from) / to);
    const end = Math.ceil(((i + 1) * from) / to);
    data.fill(1 / (end - start), i * from + start, i * from + end);
  }
  return constant({ dtype: dtype === "f64" ? "f64" : "f32", shape: [to, from], data });
}
