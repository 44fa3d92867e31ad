/** Gradient checks of element-by-element operations, with broadcasting for the binary ones. */
import type { HostTensor } from "../../host.ts";
import type { Operand, Tensor } from "../../tensor.ts";
import * as ops from "../index.ts";
import type { Case, Draw, Family } from "./gradcheck.test-helper.ts";

type Values = (draw: Draw, shape: readonly number[]) => HostTensor;
const anywhere: Values = (draw, shape) => draw.normal(shape);
const positive: Values = (draw, shape) => draw.between(0.3, 2, shape);
const kinkFree: Values = (draw, shape) => draw.awayFromKinks(shape);

const unary =
  (fn: (x: Tensor) => Tensor, values: Values = anywhere): Case =>
  (draw, round) => ({ inputs: [values(draw, round === 0 ? [] : draw.shape())], fn: (x) => fn(x!) });

/** Two tensors; either may be the smaller one, rounds 3 and 4 put a number on one side. */
const binary =
  (fn: (a: Operand, b: Operand) => Tensor, left: Values = anywhere, right: Values = left): Case =>
  (draw, round) => {
    const shape = draw.shape();
    const small = draw.broadcastable(shape);
    if (round === 3) return { inputs: [left(draw, shape)], fn: (x) => fn(x!, 1.7) };
    if (round === 4) return { inputs: [right(draw, shape)], fn: (x) => fn(1.7, x!) };
    const [a, b] = round % 2 ? [small, shape] : [shape, small];
    return { inputs: [left(draw, a), right(draw, b)], fn: (x, y) => fn(x!, y!) };
  };

/** Operands of one shape family whose elements never tie. */
const untied =
  (fn: (a: Operand, b: Operand) => Tensor): Case =>
  (draw) => {
    const shape = draw.shape();
    const [a, b] = [draw.awayFromKinks(shape), draw.awayFromKinks(draw.broadcastable(shape))];
    return { inputs: [a, b], fn: (x, y) => fn(x!, ops.add(y!, 0.5)) };
  };

export const elementwiseFamily: Family = {
  smooth: {
    neg: unary(ops.neg),
    exp: unary(ops.exp),
    log: unary(ops.log, positive),
    sqrt: unary(ops.sqrt, positive),
    reciprocal: unary(ops.reciprocal, positive),
    sin: unary(ops.sin),
    cos: unary(ops.cos),
    tanh: unary(ops.tanh),
    sigmoid: unary(ops.sigmoid),
    erf: unary(ops.erf),
    softplus: unary(ops.softplus),
    gelu: unary(ops.gelu),
    silu: unary(ops.silu),
    geluTanh: unary(ops.geluTanh),
    logSigmoid: unary(ops.logSigmoid),
    mish: unary(ops.mish),
    add: binary(ops.add),
    sub: binary(ops.sub),
    mul: binary(ops.mul),
    div: binary(ops.div, anywhere, positive),
    pow: binary(ops.pow, positive, anywhere),
    "pow with whole exponents": (draw, round) => ({
      inputs: [draw.normal(draw.shape())],
      fn: (x) => ops.pow(x!, [0, 1, 2, 3, 4][round]!).add(x!.mul(0)),
    }),
    "powers 0.5 and -1": (draw, round) => ({
      inputs: [draw.between(0.3, 2, draw.shape())],
      fn: (x) => ops.pow(x!, round % 2 ? 0.5 : -1),
    }),
    cast: unary((x) => ops.cast(ops.mul(x, x), "f64")),
    customGradient: unary((x) => ops.customGradient(ops.mul(x, x), [x], (g) => [ops.mul(g, ops.mul(x, 2))])),
    where: (draw, round) => {
      const shape = draw.shape();
      const condition = ops.greater(draw.indices(2, draw.broadcastable(shape)), 0);
      const inputs = [draw.normal(draw.broadcastable(shape)), draw.normal(shape)];
      return {
        inputs,
        fn: (a, b) => ops.where(condition, round === 1 ? a! : b!, round === 2 ? 0.5 : ops.mul(a!, b!)).add(b!),
      };
    },
    "a value used many times": unary((x) => ops.mul(ops.add(x, ops.exp(x)), ops.mul(x, ops.sin(x)))),
    "the branch not taken may be infinite": (draw) => ({
      inputs: [draw.awayFromKinks(draw.shape())],
      fn: (x) => ops.where(ops.greater(x!, 0), ops.log(x!), ops.mul(x!, 3)),
    }),
  },
  piecewise: {
    abs: unary(ops.abs, kinkFree),
    relu: unary(ops.relu, kinkFree),
    hardSwish: unary(ops.hardSwish, kinkFree),
    leakyRelu: unary((x) => ops.leakyRelu(x, 0.3), kinkFree),
    elu: unary((x) => ops.elu(x, 1.3), kinkFree),
    mod: (draw) => ({ inputs: [draw.awayFromKinks(draw.shape())], fn: (x) => ops.mod(x!, 2) }),
    "mod, by its divisor": (draw) => ({
      inputs: [draw.between(1.1, 1.4, draw.shape())],
      fn: (x) => ops.add(ops.mod(3.7, x!), ops.mod(-0.5, x!)),
    }),
    clip: (draw, round) => ({
      inputs: [draw.awayFromKinks(draw.shape())],
      fn: (x) => ops.clip(x!, round === 1 ? Number.NEGATIVE_INFINITY : -1, round === 2 ? Number.POSITIVE_INFINITY : 1),
    }),
    maximum: untied(ops.maximum),
    minimum: untied(ops.minimum),
  },
};
