/** The less common activations. Only the tanh form of GELU has a kernel of its own; the others are compositions. */
import { apply, type Op } from "../graph.ts";
import type { Tensor } from "../tensor.ts";
import { add, clip, exp, greater, mul, neg, softplus, sub, tanh, where } from "./elementwise.ts";

const SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715;
const bend = (x: Tensor) => tanh(mul(mul(x, add(mul(mul(x, x), CUBIC), 1)), SQRT_2_OVER_PI));

const GELU_TANH: Op = {
  name: "geluTanh",
  vjp: ([g], n) => {
    const x = n.inputs[0]!;
    const t = bend(x);
    const slope = mul(add(mul(mul(x, x), 3 * CUBIC), 1), SQRT_2_OVER_PI);
    const inner = mul(mul(x, slope), sub(1, mul(t, t)));
    return [mul(g!, mul(add(add(t, inner), 1), 0.5))];
  },
  lower: (e, n, [x]) => {
    const from = n.inputs[0]!;
    return from.dtype === "f32" ? e.op("Gelu", [x!], { approximate: "tanh" }) : mul(mul(from, 0.5), add(bend(from), 1));
  },
};
/** The approximation of GELU that GPT-2 uses: 0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))). */
export function geluTanh(x: Tensor): Tensor {
  return apply(GELU_TANH, [x], x.dtype, x.shape);
}

/** x where positive, slope·x elsewhere. */
export function leakyRelu(x: Tensor, slope = 0.01): Tensor {
  return where(greater(x, 0), x, mul(x, slope));
}

/** x where positive, alpha·(eˣ - 1) elsewhere (Clevert, Unterthiner & Hochreiter 2016). */
export function elu(x: Tensor, alpha = 1): Tensor {
  // The exponential sees no positive x: an overflow there would turn the gradient into NaN.
  const positive = greater(x, 0);
  return where(positive, x, mul(sub(exp(where(positive, 0, x)), 1), alpha));
}

/** log sigmoid(x), finite for any finite x. */
export function logSigmoid(x: Tensor): Tensor {
  return neg(softplus(neg(x)));
}

/** x·tanh(softplus(x)) (Misra 2020). */
export function mish(x: Tensor): Tensor {
  return mul(x, tanh(softplus(x)));
}

/** x·clip(x + 3, 0, 6) / 6: swish without an exponential (Howard et al. 2019). */
export function hardSwish(x: Tensor): Tensor {
  return mul(x, mul(clip(add(x, 3), 0, 6), 1 / 6));
}
