/** Activation functions, by their ONNX definitions. f32 values come from ONNX Runtime's fused kernels. */
import * as ops from "../../ops/index.ts";
import type { Tensor } from "../../tensor.ts";
import type { Call, Operator } from "../call.ts";
import { composed } from "./native.ts";

const positive = (x: Tensor) => ops.greater(x, 0);
/** e^x - 1 for x <= 0 and 0 beyond: the branch not taken must not overflow. */
const expMinusOne = (x: Tensor) => ops.sub(ops.exp(ops.where(positive(x), 0, x)), 1);

function elu(c: Call): Tensor {
  const alpha = c.attrs.float("alpha", 1);
  return composed("Elu", [c.in(0)], (x) => ops.where(positive(x), x, ops.mul(expMinusOne(x), alpha)), { alpha });
}

function selu(c: Call): Tensor {
  // Defaults of the ONNX specification (Klambauer et al. 2017, to f32 precision).
  const alpha = c.attrs.float("alpha", 1.6732632423543772);
  const gamma = c.attrs.float("gamma", 1.0507009873554805);
  const formula = (x: Tensor) => ops.mul(ops.where(positive(x), x, ops.mul(expMinusOne(x), alpha)), gamma);
  return composed("Selu", [c.in(0)], formula, { alpha, gamma });
}

function celu(c: Call): Tensor {
  const alpha = c.attrs.float("alpha", 1);
  const formula = (x: Tensor) => ops.where(positive(x), x, ops.mul(expMinusOne(ops.mul(x, 1 / alpha)), alpha));
  return composed("Celu", [c.in(0)], formula, { alpha });
}

function leakyRelu(c: Call): Tensor {
  const alpha = c.attrs.float("alpha", 0.01);
  return composed("LeakyRelu", [c.in(0)], (x) => ops.where(positive(x), x, ops.mul(x, alpha)), { alpha });
}

function hardSigmoid(c: Call): Tensor {
  const alpha = c.attrs.float("alpha", 0.2);
  const beta = c.attrs.float("beta", 0.5);
  return composed("HardSigmoid", [c.in(0)], (x) => ops.clip(ops.add(ops.mul(x, alpha), beta), 0, 1), { alpha, beta });
}

/** Slopes broadcast to the input; before opset 7 a vector of slopes belonged to axis 1. */
function prelu(c: Call): Tensor {
  const x = c.in(0);
  const slope = c.in(1);
  const perChannel = c.opset < 7 && slope.rank === 1 && x.rank > 2;
  const aligned = perChannel ? ops.reshape(slope, [slope.shape[0]!, ...Array<number>(x.rank - 2).fill(1)]) : slope;
  return ops.where(positive(x), x, ops.mul(x, aligned));
}

function gelu(c: Call): Tensor {
  const x = c.in(0);
  return c.attrs.string("approximate", "none") === "tanh" ? geluTanh(x) : ops.gelu(x);
}

/** 0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))) (Hendrycks & Gimpel 2016). */
export function geluTanh(x: Tensor): Tensor {
  const cubic = ops.add(ops.mul(ops.mul(ops.mul(x, x), x), 0.044715), x);
  return ops.mul(ops.mul(x, 0.5), ops.add(ops.tanh(ops.mul(cubic, Math.sqrt(2 / Math.PI))), 1));
}

function shrink(c: Call): Tensor {
  const x = c.in(0);
  const lambda = c.attrs.float("lambd", 0.5);
  const bias = c.attrs.float("bias", 0);
  const above = ops.where(ops.greater(x, lambda), ops.sub(x, bias), 0);
  return ops.where(ops.less(x, -lambda), ops.add(x, bias), above);
}

export const ACTIVATIONS: Readonly<Record<string, Operator>> = {
  Relu: (c) => ops.relu(c.in(0)),
  LeakyRelu: leakyRelu,
  PRelu: prelu,
  Elu: elu,
  Selu: selu,
  Celu: celu,
  Gelu: gelu,
  Sigmoid: (c) => ops.sigmoid(c.in(0)),
  HardSigmoid: hardSigmoid,
  HardSwish: (c) =>
    composed("HardSwish", [c.in(0)], (x) => ops.mul(x, ops.clip(ops.add(ops.mul(x, 1 / 6), 0.5), 0, 1))),
  Swish: (c) => ops.mul(c.in(0), ops.sigmoid(ops.mul(c.in(0), c.attrs.float("alpha", 1)))),
  Mish: (c) => composed("Mish", [c.in(0)], (x) => ops.mul(x, ops.tanh(ops.softplus(x)))),
  Softplus: (c) => ops.softplus(c.in(0)),
  Softsign: (c) => composed("Softsign", [c.in(0)], (x) => ops.div(x, ops.add(ops.abs(x), 1))),
  ThresholdedRelu: (c) => ops.where(ops.greater(c.in(0), c.attrs.float("alpha", 1)), c.in(0), 0),
  Shrink: shrink,
};
