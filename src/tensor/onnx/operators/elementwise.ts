/** Arithmetic, comparison, logic and conversion. Before opset 7 broadcasting was an attribute with an axis. */
import { isFloat } from "../../dtype.ts";
import { constant } from "../../graph.ts";
import { fromNumbers } from "../../host.ts";
import * as ops from "../../ops/index.ts";
import { broadcast } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import type { Call, Operator } from "../call.ts";
import { known } from "../known.ts";
import { elementType } from "../tensor-proto.ts";
import { composed, native } from "./native.ts";

type Pair = (a: Tensor, b: Tensor) => Tensor;

/** The two operands, the second aligned as opset < 7 asks for. */
function pair(c: Call): [Tensor, Tensor] {
  const [a, b] = [c.in(0), c.in(1)];
  if (c.opset >= 7 || !c.attrs.int("broadcast", 0) || !c.attrs.has("axis")) return [a, b];
  const axis = c.attrs.int("axis");
  const behind = a.rank - (axis < 0 ? axis + a.rank : axis) - b.rank;
  return [a, behind > 0 ? ops.reshape(b, [...b.shape, ...Array<number>(behind).fill(1)]) : b];
}

/** ONNX Runtime computes with 32 and 64 bits; unsigned types go through a wider one and wrap on the way back. */
function widened(f: Pair): Pair {
  return (a, b) => {
    const wide = a.dtype === "u8" ? "i32" : a.dtype === "u32" ? "i64" : undefined;
    if (!wide) return f(a, b);
    const result = f(ops.cast(a, wide), ops.cast(b, wide));
    return result.dtype === wide ? ops.cast(result, a.dtype) : result;
  };
}

const binary = (f: Pair): Operator => {
  const wide = widened(f);
  return (c) => wide(...pair(c));
};
const unary =
  (f: (x: Tensor) => Tensor): Operator =>
  (c) =>
    f(c.in(0));
const variadic = (f: Pair): Operator => {
  const wide = widened(f);
  return (c) => c.all().reduce((a, b) => wide(a, b));
};

/** Sizes are often divided as floats and rounded: x·(1/y) would be off by one where x/y is whole. */
function divide(a: Tensor, b: Tensor): Tensor {
  const [x, y] = [known(a)?.data, known(b)?.data];
  if (isFloat(a.dtype) && x?.length === 1 && y?.length === 1) {
    const quotient = Number(x[0]) / Number(y[0]);
    if (Number.isFinite(quotient)) {
      const shape = broadcast(a.dims, b.dims) as number[];
      return constant({ dtype: a.dtype, shape, data: fromNumbers([quotient], a.dtype) });
    }
  }
  return ops.div(a, b);
}

/** Integers: the sign of the divisor. Floats: that too, or with fmod the sign of the dividend. */
function mod(c: Call): Tensor {
  const [a, b] = [c.in(0), c.in(1)];
  const fmod = c.attrs.int("fmod", 0);
  const shape = broadcast(a.shape, b.shape, "Mod");
  if (!isFloat(a.dtype)) return native("Mod", [a, b], { shape, attrs: { fmod } });
  const whole = (q: Tensor) => (fmod ? ops.mul(ops.sign(q), ops.floor(ops.abs(q))) : ops.floor(q));
  const formula = (x: Tensor, y: Tensor) => ops.sub(x, ops.mul(y, whole(ops.div(x, y))));
  return fmod ? composed("Mod", [a, b], formula, { shape, fmod }) : formula(a, b);
}

function clip(c: Call): Tensor {
  const x = c.in(0);
  if (c.opset < 11) {
    return ops.clip(x, c.attrs.float("min", Number.NEGATIVE_INFINITY), c.attrs.float("max", Number.POSITIVE_INFINITY));
  }
  const bound = (i: number, open: number) => (c.has(i) ? c.numbers(i)?.[0] : open);
  const [low, high] = [bound(1, Number.NEGATIVE_INFINITY), bound(2, Number.POSITIVE_INFINITY)];
  if (isFloat(x.dtype) && low !== undefined && high !== undefined && low <= high) return ops.clip(x, low, high);
  const raised = c.has(1) ? widened(ops.maximum)(x, c.in(1)) : x;
  return c.has(2) ? widened(ops.minimum)(raised, c.in(2)) : raised;
}

function mean(c: Call): Tensor {
  return ops.mul(
    c.all().reduce((a, b) => ops.add(a, b)),
    1 / c.count,
  );
}

/** ONNX allows another dtype for the exponent; the result has the dtype of the base. */
const power: Pair = (a, b) => {
  if (isFloat(b.dtype) && !isFloat(a.dtype)) return ops.cast(ops.pow(ops.cast(a, b.dtype), b), a.dtype);
  return ops.pow(a, ops.cast(b, a.dtype));
};

/** A function whose gradient is the incoming one times `slope(x, y)`. */
const smooth =
  (onnx: string, slope: (x: Tensor, y: Tensor) => Tensor): Operator =>
  (c) =>
    native(onnx, [c.in(0)], { gradient: ([g], n) => [ops.mul(g!, slope(n.inputs[0]!, n.outputs[0]!))] });
const square = (x: Tensor) => ops.mul(x, x);
const bits =
  (onnx: string): Operator =>
  (c) => {
    const [a, b] = [c.in(0), c.in(1)];
    if (onnx === "BitShift" && (a.dtype === "i32" || a.dtype === "i64")) c.unsupported("BitShift of signed integers");
    const attrs = onnx === "BitShift" ? { direction: c.attrs.string("direction") } : {};
    return native(onnx, [a, b], { shape: broadcast(a.shape, b.shape, onnx), attrs });
  };

export const ELEMENTWISE: Readonly<Record<string, Operator>> = {
  Add: binary(ops.add),
  Sub: binary(ops.sub),
  Mul: binary(ops.mul),
  Div: binary(divide),
  Pow: binary(power),
  Mod: mod,
  Sum: variadic(ops.add),
  Max: variadic(ops.maximum),
  Min: variadic(ops.minimum),
  Mean: mean,
  Neg: unary(ops.neg),
  Abs: unary((x) => (x.dtype === "u8" || x.dtype === "u32" ? x : ops.abs(x))),
  Sign: unary(ops.sign),
  Exp: unary(ops.exp),
  Log: unary(ops.log),
  Sqrt: unary(ops.sqrt),
  Reciprocal: unary(ops.reciprocal),
  Floor: unary(ops.floor),
  Ceil: unary(ops.ceil),
  Round: unary(ops.round),
  Sin: unary(ops.sin),
  Cos: unary(ops.cos),
  Tan: smooth("Tan", (_x, y) => ops.add(square(y), 1)),
  Asin: smooth("Asin", (x) => ops.reciprocal(ops.sqrt(ops.sub(1, square(x))))),
  Acos: smooth("Acos", (x) => ops.neg(ops.reciprocal(ops.sqrt(ops.sub(1, square(x)))))),
  Atan: smooth("Atan", (x) => ops.reciprocal(ops.add(square(x), 1))),
  Sinh: unary((x) => composed("Sinh", [x], (v) => ops.mul(ops.sub(ops.exp(v), ops.exp(ops.neg(v))), 0.5))),
  Cosh: unary((x) => composed("Cosh", [x], (v) => ops.mul(ops.add(ops.exp(v), ops.exp(ops.neg(v))), 0.5))),
  Asinh: smooth("Asinh", (x) => ops.reciprocal(ops.sqrt(ops.add(square(x), 1)))),
  Acosh: smooth("Acosh", (x) => ops.reciprocal(ops.sqrt(ops.sub(square(x), 1)))),
  Atanh: smooth("Atanh", (x) => ops.reciprocal(ops.sub(1, square(x)))),
  Tanh: unary(ops.tanh),
  Erf: unary(ops.erf),
  Clip: clip,

  Equal: binary(ops.equal),
  Less: binary(ops.less),
  LessOrEqual: binary(ops.lessOrEqual),
  Greater: binary(ops.greater),
  GreaterOrEqual: binary(ops.greaterOrEqual),
  And: binary(ops.and),
  Or: binary(ops.or),
  Xor: binary((a, b) => ops.not(ops.equal(a, b))),
  Not: unary(ops.not),
  Where: (c) => ops.where(c.in(0), c.in(1), c.in(2)),
  IsNaN: unary((x) => native("IsNaN", [x], { dtype: "bool" })),
  IsInf: (c) =>
    native("IsInf", [c.in(0)], {
      dtype: "bool",
      attrs: {
        detect_negative: c.attrs.int("detect_negative", 1),
        detect_positive: c.attrs.int("detect_positive", 1),
      },
    }),
  BitShift: bits("BitShift"),
  BitwiseAnd: bits("BitwiseAnd"),
  BitwiseOr: bits("BitwiseOr"),
  BitwiseXor: bits("BitwiseXor"),
  BitwiseNot: unary((x) => native("BitwiseNot", [x])),

  Cast: (c) => ops.cast(c.in(0), elementType(c.attrs.int("to"), c.who)),
  CastLike: (c) => ops.cast(c.in(0), c.in(1).dtype),
  Identity: unary((x) => x),
};
