/**
 * Element-by-element operations: one table row each, with NumPy broadcasting for the binary ones.
 * f64 kernels that ONNX Runtime lacks on the CPU are decomposed (see f64.ts); f64 serves gradient checks.
 */
import { fail } from "../../errors.ts";
import { type DType, isFloat } from "../dtype.ts";
import { apply, constant, constantScalar, type Node, type Op } from "../graph.ts";
import { fromNumbers } from "../host.ts";
import { broadcast, type Shape, sameShape, show } from "../shape.ts";
import type { Operand, Tensor } from "../tensor.ts";
import { erf64 } from "./f64.ts";
import { BROADCAST, unbroadcast } from "./shaping.ts";

/** A number as a tensor of the given dtype (rank 0, so that it broadcasts). */
export function scalar(value: number, dtype: DType): Tensor {
  return constant({ dtype, shape: [], data: fromNumbers([value], dtype) });
}

/** A tensor full of one number, as a broadcast scalar: no memory until something needs it. */
export function fill(value: number, shape: Shape, dtype: DType = "f32"): Tensor {
  return apply(BROADCAST, [scalar(value, dtype)], dtype, shape);
}

// ---------------------------------------------------------------- unary

type UnaryVjp = (g: Tensor, x: Tensor, y: Tensor) => Tensor;

function unary(name: string, onnx: string, vjp?: UnaryVjp, f64?: (x: Tensor) => Tensor) {
  const op: Op = {
    name,
    elementwise: true,
    ...(vjp && { vjp: ([g]: readonly (Tensor | undefined)[], n: Node) => [vjp(g!, n.inputs[0]!, n.outputs[0]!)] }),
    lower: (e, n, [x]) => (f64 && n.inputs[0]!.dtype === "f64" ? f64(n.inputs[0]!) : e.op(onnx, [x!])),
  };
  return (x: Tensor): Tensor => apply(op, [x], x.dtype, x.shape);
}

export const neg = unary("neg", "Neg", (g) => neg(g));
export const abs = unary("abs", "Abs", (g, x) => mul(g, sign(x)));
export const exp = unary("exp", "Exp", (g, _x, y) => mul(g, y));
export const log = unary("log", "Log", (g, x) => div(g, x));
export const sqrt = unary("sqrt", "Sqrt", (g, _x, y) => div(mul(g, 0.5), y));
export const reciprocal = unary("reciprocal", "Reciprocal", (g, _x, y) => neg(mul(g, mul(y, y))));
export const sin = unary("sin", "Sin", (g, x) => mul(g, cos(x)));
export const cos = unary("cos", "Cos", (g, x) => neg(mul(g, sin(x))));
export const tanh = unary("tanh", "Tanh", (g, _x, y) => mul(g, sub(1, mul(y, y))));
export const sigmoid = unary(
  "sigmoid",
  "Sigmoid",
  (g, _x, y) => mul(g, mul(y, sub(1, y))),
  // ONNX Runtime fuses x·Sigmoid(x) into a kernel that only f32 has.
  (x) => reciprocal(add(exp(neg(x)), 1)),
);
export const relu = unary("relu", "Relu", (g, _x, y) => mul(g, step(y)));
export const sign = unary("sign", "Sign");

/** Makes every positive normal f32 at least 1 before it is clipped to [0, 1]. */
const STEEP = 3e38;
const STEP: Op = {
  name: "step",
  elementwise: true,
  // One pass over memory; comparing and casting would be two, with a tensor of bool between them.
  lower: (e, n, [x]) =>
    n.inputs[0]!.dtype === "f32"
      ? e.op("HardSigmoid", [x!], { alpha: STEEP, beta: 0 })
      : cast(greater(n.inputs[0]!, 0), n.inputs[0]!.dtype),
};
/** 1 where x > 0, else 0 (Heaviside). */
export function step(x: Tensor): Tensor {
  return apply(STEP, [x], x.dtype, x.shape);
}
export const floor = unary("floor", "Floor");
export const ceil = unary("ceil", "Ceil");
/** Halves go to the even neighbour, as in IEEE 754. */
export const round = unary("round", "Round");

const TWO_OVER_SQRT_PI = 2 / Math.sqrt(Math.PI);
/** Gauss error function. */
export const erf = unary("erf", "Erf", (g, x) => mul(g, mul(exp(neg(mul(x, x))), TWO_OVER_SQRT_PI)), erf64);
/** log(1 + e^x), finite for large |x|. */
export const softplus = unary(
  "softplus",
  "Softplus",
  (g, x) => mul(g, sigmoid(x)),
  (x) => add(relu(x), log(add(1, exp(neg(abs(x)))))),
);

/** Φ(x), the normal distribution function: (1 + erf(x/√2)) / 2. */
const NORMAL_CDF: Op = {
  name: "normalCdf",
  elementwise: true,
  vjp: ([g], n) => {
    const x = n.inputs[0]!;
    return [mul(mul(g!, exp(mul(mul(x, -0.5), x))), 1 / Math.sqrt(2 * Math.PI))];
  },
  lower: (_e, n) => {
    const odd = erf(mul(n.inputs[0]!, Math.SQRT1_2));
    // A clip that never clips: scale and shift in one pass.
    return odd.dtype === "f32" ? apply(HALVED, [odd], odd.dtype, odd.shape) : add(mul(odd, 0.5), 0.5);
  },
};
const HALVED: Op = {
  name: "halved",
  elementwise: true,
  lower: (e, _n, [x]) => e.op("HardSigmoid", [x!], { alpha: 0.5, beta: 0.5 }),
};
function normalCdf(x: Tensor): Tensor {
  return apply(NORMAL_CDF, [x], x.dtype, x.shape);
}

/** GELU nodes whose derivative was taken: they share Φ with it. All others use ONNX's fused kernel. */
const differentiated = new WeakSet<Node>();
const GELU: Op = {
  name: "gelu",
  elementwise: true,
  // Φ(x) + x·φ(x), in few passes over memory: with h = -x/2, φ's factors are exp(h·x) and h.
  vjp: ([g], n) => {
    differentiated.add(n);
    const x = n.inputs[0]!;
    const h = mul(x, -0.5);
    return [mul(g!, sub(normalCdf(x), mul(mul(exp(mul(h, x)), h), Math.sqrt(2 / Math.PI))))];
  },
  lower: (e, n, [x]) => {
    const fused = n.inputs[0]!.dtype === "f32" && !differentiated.has(n);
    return fused ? e.op("Gelu", [x!]) : mul(n.inputs[0]!, normalCdf(n.inputs[0]!));
  },
};
/** x·Φ(x) with the exact normal distribution function (Hendrycks & Gimpel 2016). */
export function gelu(x: Tensor): Tensor {
  return apply(GELU, [x], x.dtype, x.shape);
}

const SILU: Op = {
  name: "silu",
  elementwise: true,
  // σ + y·(1 - σ) with y the value: two passes over memory less than by the product rule.
  vjp: ([g], n) => {
    const s = sigmoid(n.inputs[0]!);
    return [mul(g!, add(s, mul(n.outputs[0]!, sub(1, s))))];
  },
  lower: (e, n, [x]) =>
    n.inputs[0]!.dtype === "f32" ? e.op("Mul", [x!, e.op("Sigmoid", [x!])]) : mul(n.inputs[0]!, sigmoid(n.inputs[0]!)),
};
/** x·sigmoid(x), also called swish. */
export function silu(x: Tensor): Tensor {
  return apply(SILU, [x], x.dtype, x.shape);
}

// ---------------------------------------------------------------- binary

function operands(a: Operand, b: Operand, what: string): [Tensor, Tensor] {
  if (typeof a === "number") {
    if (typeof b === "number") return fail("E_DTYPE", `${what} of two numbers.`, "Make one of them a tensor.");
    return [scalar(a, b.dtype), b];
  }
  const right = typeof b === "number" ? scalar(b, a.dtype) : b;
  if (a.dtype !== right.dtype) {
    fail(
      "E_DTYPE",
      `${what} of ${a.dtype}${show(a.shape)} and ${right.dtype}${show(right.shape)}.`,
      "Cast one of them.",
    );
  }
  return [a, right];
}

/** Binary kernels broadcast by themselves: an explicit broadcast below them is dropped where the result allows it. */
function lean(t: Tensor, other: Tensor, shape: Shape): Tensor {
  if (t.node.op !== BROADCAST) return t;
  const inner = t.node.inputs[0]!;
  return sameShape(broadcast(inner.shape, other.shape), shape) ? inner : t;
}

type BinaryVjp = (g: Tensor, a: Tensor, b: Tensor, y: Tensor) => [() => Tensor, () => Tensor];

function binary(name: string, onnx: string, result: DType | undefined, vjp?: BinaryVjp) {
  const op: Op = {
    name,
    elementwise: true,
    ...(vjp && {
      vjp: ([g]: readonly (Tensor | undefined)[], n: Node) => {
        const [a, b] = n.inputs as readonly [Tensor, Tensor];
        const [da, db] = vjp(g!, a, b, n.outputs[0]!);
        return [unbroadcast(da(), a.shape), unbroadcast(db(), b.shape)];
      },
    }),
    lower: (e, _n, [a, b]) => e.op(onnx, [a!, b!]),
  };
  return (left: Operand, right: Operand): Tensor => {
    const [a, b] = operands(left, right, name);
    const shape = broadcast(a.shape, b.shape, name);
    const first = lean(a, b, shape);
    return apply(op, [first, lean(b, first, shape)], result ?? a.dtype, shape);
  };
}

const addNode = binary("add", "Add", undefined, (g) => [() => g, () => g]);
const subNode = binary("sub", "Sub", undefined, (g) => [() => g, () => neg(g)]);
const mulNode = binary("mul", "Mul", undefined, (g, a, b) => [() => mul(g, b), () => mul(g, a)]);
const divNode = binary("div", "Div", undefined, (g, a, b) => [() => div(g, b), () => neg(div(mul(g, a), mul(b, b)))]);
const powNode = binary("pow", "Pow", undefined, (g, a, b, y) => [
  () => mul(g, mul(b, pow(a, sub(b, 1)))),
  () => mul(g, mul(y, log(where(greater(a, 0), a, 1)))),
]);

const known = (t: Operand): number | undefined => (typeof t === "number" ? t : constantScalar(t));
/** `t` itself when the other operand is a neutral scalar of no larger rank. */
const neutral = (t: Operand, other: Operand, value: number): t is Tensor =>
  typeof t !== "number" && known(other) === value && (typeof other === "number" || other.rank <= t.rank);

export function add(a: Operand, b: Operand): Tensor {
  if (neutral(a, b, 0)) return a;
  if (neutral(b, a, 0)) return b;
  return addNode(a, b);
}
export function sub(a: Operand, b: Operand): Tensor {
  return neutral(a, b, 0) ? a : subNode(a, b);
}
export function mul(a: Operand, b: Operand): Tensor {
  if (neutral(a, b, 1)) return a;
  if (neutral(b, a, 1)) return b;
  return mulNode(a, b);
}
export function div(a: Operand, b: Operand): Tensor {
  const divisor = known(b);
  if (divisor !== undefined && typeof a !== "number" && isFloat(a.dtype)) return mul(a, 1 / divisor);
  return divNode(a, b);
}
/** a^b. Small whole exponents become products (exact, and differentiable at 0). */
export function pow(a: Operand, b: Operand): Tensor {
  const exponent = known(b);
  if (typeof a !== "number") {
    if (exponent === 1) return a;
    if (exponent === 2) return mul(a, a);
    if (exponent === 0.5) return sqrt(a);
    if (exponent === -1) return reciprocal(a);
    if (exponent === 0) return fill(1, a.shape, a.dtype);
  }
  return powNode(a, b);
}

const half = (g: Tensor, tie: Tensor, wins: Tensor) => mul(g, where(tie, scalar(0.5, g.dtype), cast(wins, g.dtype)));
const remainder = binary("mod", "Mod", undefined);
/** Remainder with the sign of b, as in Python: a - b·floor(a / b). */
export function mod(a: Operand, b: Operand): Tensor {
  const dtype = typeof a === "number" ? (b as Tensor).dtype : a.dtype;
  return isFloat(dtype) ? sub(a, mul(floor(divNode(a, b)), b)) : remainder(a, b);
}

/** At a tie both operands get half the gradient. */
export const maximum = binary("maximum", "Max", undefined, (g, a, b) => [
  () => half(g, equal(a, b), greater(a, b)),
  () => half(g, equal(a, b), greater(b, a)),
]);
export const minimum = binary("minimum", "Min", undefined, (g, a, b) => [
  () => half(g, equal(a, b), less(a, b)),
  () => half(g, equal(a, b), less(b, a)),
]);

export const equal = binary("equal", "Equal", "bool");
export const less = binary("less", "Less", "bool");
export const lessOrEqual = binary("lessOrEqual", "LessOrEqual", "bool");
export const greater = binary("greater", "Greater", "bool");
export const greaterOrEqual = binary("greaterOrEqual", "GreaterOrEqual", "bool");
export const and = binary("and", "And", "bool");
export const or = binary("or", "Or", "bool");
export const not = unary("not", "Not");

// ---------------------------------------------------------------- selection and conversion

const WHERE: Op = {
  name: "where",
  vjp: ([g], n) => {
    const [c, a, b] = n.inputs as [Tensor, Tensor, Tensor];
    return [undefined, unbroadcast(where(c, g!, 0), a.shape), unbroadcast(where(c, 0, g!), b.shape)];
  },
  lower: (e, _n, inputs) => e.op("Where", inputs),
};
/** condition ? a : b with broadcasting; the branch not taken gets a zero gradient even where it is infinite. */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  const [x, y] =
    typeof a === "number" && typeof b === "number" ? [scalar(a, "f32"), scalar(b, "f32")] : operands(a, b, "where");
  if (condition.dtype !== "bool")
    fail("E_DTYPE", `where needs a bool condition, got ${condition.dtype}.`, "Compare first.");
  const shape = broadcast(condition.shape, broadcast(x.shape, y.shape, "where"), "where");
  return apply(WHERE, [condition, x, y], x.dtype, shape);
}

const CLIP: Op = {
  name: "clip",
  elementwise: true,
  vjp: ([g], n) => {
    const x = n.inputs[0]!;
    const inside = and(greaterOrEqual(x, n.attrs.low as number), lessOrEqual(x, n.attrs.high as number));
    return [mul(g!, cast(inside, x.dtype))];
  },
  lower: (e, n, [x]) => {
    const { dtype } = n.inputs[0]!;
    const bound = (v: number) => (Number.isFinite(v) ? e.scalar(v, dtype) : "");
    return e.op("Clip", [x!, bound(n.attrs.low as number), bound(n.attrs.high as number)]);
  },
};
/** Limits values to [low, high]; infinities leave a side open. No gradient outside. */
export function clip(x: Tensor, low: number, high: number): Tensor {
  if (!(low <= high)) fail("E_RANGE", `clip got the interval [${low}, ${high}].`, "The lower bound comes first.");
  return apply(CLIP, [x], x.dtype, x.shape, { low, high });
}

const CAST: Op = {
  name: "cast",
  vjp: ([g], n) => [isFloat(n.inputs[0]!.dtype) ? cast(g!, n.inputs[0]!.dtype) : undefined],
  lower: (e, n, [x]) => e.op("Cast", [x!], { to: n.outputs[0]!.dtype }),
};
/** Conversion between dtypes; float to integer truncates towards zero. */
export function cast(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x : apply(CAST, [x], dtype, x.shape);
}

const IDENTITY_LOWER: Op["lower"] = (_e, _n, [x]) => x!;
const STOP: Op = { name: "stopGradient", lower: IDENTITY_LOWER };
/** The same values; no gradient passes. Targets of every teacher go through this. */
export function stopGradient(x: Tensor): Tensor {
  return x.node.op === STOP ? x : apply(STOP, [x], x.dtype, x.shape);
}

const CUSTOM: Op = {
  name: "customGradient",
  vjp: ([g], n) => [undefined, ...(n.attrs.vjp as (g: Tensor) => readonly (Tensor | undefined)[])(g!)],
  lower: IDENTITY_LOWER,
};
/**
 * Values of `output`, gradients of your own: `vjp` maps the cotangent of the output to one cotangent per input
 * (undefined for none). Straight-through rounding is `customGradient(x.round(), [x], (g) => [g])`.
 */
export function customGradient(
  output: Tensor,
  inputs: readonly Tensor[],
  vjp: (grad: Tensor) => readonly (Tensor | undefined)[],
): Tensor {
  return apply(CUSTOM, [output, ...inputs], output.dtype, output.shape, { vjp });
}
