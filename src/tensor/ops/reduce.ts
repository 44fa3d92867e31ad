/** Reductions, softmax and cumulative sums. */
import { fail } from "../../errors.ts";
import { apply, type Emitter, type Node, type Op } from "../graph.ts";
import { axesOf, axisOf, count, fixed, type Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { blockedSpatialSum } from "./blocked.ts";
import { add, cast, div, equal, exp, log, mul, stopGradient, sub } from "./elementwise.ts";
import { rowDots } from "./row-dots.ts";
import { broadcastTo, concat, flip, reshape, slice, squeeze } from "./shaping.ts";

type Axes = number | readonly number[];

function keptShape(shape: Shape, axes: readonly number[]): Shape {
  return shape.map((d, i) => (axes.includes(i) ? 1 : d));
}

/**
 * A sum over leading axes as a product with a row of ones, and one over leading and trailing axes as two sums: ONNX
 * Runtime's reductions run down the columns, which is 2 to 20 times slower than its matrix-vector product.
 */
function lowerSum(e: Emitter, n: Node, name: string): string | Tensor | undefined {
  const x = n.inputs[0]!;
  const axes = n.attrs.axes as number[];
  const out = n.outputs[0]!.shape;
  if (x.dtype !== "f32" || axes.length === x.rank || x.shape.some((d) => typeof d !== "number")) return undefined;
  const lead = axes.filter((a, i) => a === i);
  const trail = axes.filter((a, i) => a === x.rank - axes.length + i);
  if (lead.length > 0 && trail.length > 0 && lead.length + trail.length === axes.length) {
    return reshape(sum(sum(x, trail), lead), out);
  }
  const rows = count(lead.map((a) => x.shape[a]!));
  if (lead.length !== axes.length || rows < MIN_ROWS) return undefined;
  const ones = e.op("Expand", [e.scalar(1, "f32"), e.i64([1, rows])]);
  const flat = e.op("Reshape", [name, e.i64([rows, -1])]);
  return e.op("Reshape", [e.op("MatMul", [ones, flat]), e.i64(fixed(out))]);
}
const MIN_ROWS = 4;

function reduction(
  name: string,
  onnx: string,
  vjp: (g: Tensor, n: Node, spread: (t: Tensor) => Tensor) => Tensor,
  lower: (e: Emitter, n: Node, x: string) => string | Tensor | undefined = () => undefined,
  blocked?: Op["blocked"],
) {
  const op: Op = {
    name,
    vjp: ([g], n) => {
      const kept = keptShape(n.inputs[0]!.shape, n.attrs.axes as number[]);
      return [vjp(g!, n, (t) => broadcastTo(reshape(t, kept), n.inputs[0]!.shape))];
    },
    lower: (e, n, [x]) =>
      lower(e, n, x!) ?? e.op(onnx, [x!, e.i64(n.attrs.axes as number[])], { keepdims: n.attrs.keep ? 1 : 0 }),
    ...(blocked && { blocked }),
  };
  return (x: Tensor, axes?: Axes, keep = false): Tensor => {
    const list = axesOf(axes, x.rank);
    if (list.length === 0) return x;
    const kept = keptShape(x.shape, list);
    if (list.every((a) => x.shape[a] === 1))
      return keep
        ? x
        : reshape(
            x,
            x.shape.filter((_, i) => !list.includes(i)),
          );
    const shape = keep ? kept : x.shape.filter((_, i) => !list.includes(i));
    return apply(op, [x], x.dtype, shape, { axes: list, keep });
  };
}

/** Sums over space keep to the blocked layout of convolutions. */
const overSpace = (n: Node) => (n.attrs.axes as number[]).join() === "2,3";

export const sum = reduction(
  "sum",
  "ReduceSum",
  (g, _n, spread) => spread(g),
  lowerSum,
  (e, n) => {
    const rows = overSpace(n) ? blockedSpatialSum(e, n.inputs[0]!) : undefined;
    return rows && reshape(rows, n.outputs[0]!.shape);
  },
);
export const mean = reduction(
  "mean",
  "ReduceMean",
  (g, n, spread) => spread(mul(g, 1 / averaged(n))),
  undefined,
  (e, n) => {
    const rows = overSpace(n) ? blockedSpatialSum(e, n.inputs[0]!) : undefined;
    return rows && reshape(mul(rows, 1 / averaged(n)), n.outputs[0]!.shape);
  },
);
/** Σ x² in one pass, without writing the squares down. */
export const sumOfSquares = reduction("sumOfSquares", "ReduceSumSquare", (g, n, spread) =>
  mul(n.inputs[0]!, spread(mul(g, 2))),
);
/** How many elements each mean is taken over. */
const averaged = (n: Node) => count((n.attrs.axes as number[]).map((a) => n.inputs[0]!.shape[a]!));
/** Ties share the gradient evenly. */
const extremum = (g: Tensor, n: Node, spread: (t: Tensor) => Tensor): Tensor => {
  const x = n.inputs[0]!;
  const hit = cast(equal(x, spread(n.outputs[0]!)), x.dtype);
  return mul(hit, spread(div(g, reshape(sum(hit, n.attrs.axes as number[]), g.shape))));
};
export const max = reduction("max", "ReduceMax", extremum);
export const min = reduction("min", "ReduceMin", extremum);

/** Population variance (divides by the count). */
export function variance(x: Tensor, axes?: Axes, keep = false): Tensor {
  const centred = sub(x, mean(x, axes, true));
  return mean(mul(centred, centred), axes, keep);
}

/** log Σ exp(x), finite for any finite input. */
export function logSumExp(x: Tensor, axes?: Axes, keep = false): Tensor {
  const top = stopGradient(max(x, axes, true));
  const out = add(log(sum(exp(sub(x, top)), axes, true)), top);
  return keep ? out : sum(out, axes);
}

/** Product of the elements; a zero among them leaves the gradient exact. */
export function prod(x: Tensor, axes?: Axes, keep = false): Tensor {
  const list = axesOf(axes, x.rank);
  // Pairs of halves: log2(n) products, each with its own two derivatives, and no division by an element.
  const collapsed = list.reduce((t, axis) => {
    let out = t;
    for (let n = fixed([out.shape[axis]!])[0]!; n > 1; n = fixed([out.shape[axis]!])[0]!) {
      const half = n >> 1;
      const pairs = mul(slice(out, axis, 0, half), slice(out, axis, half, 2 * half));
      out = n % 2 ? concat([pairs, slice(out, axis, n - 1)], axis) : pairs;
    }
    return out;
  }, x);
  return keep || list.length === 0 ? collapsed : squeeze(collapsed, list);
}

function arg(name: string, onnx: string) {
  const op: Op = {
    name,
    lower: (e, n, [x]) => e.op("Cast", [e.op(onnx, [x!], { axis: n.attrs.axis, keepdims: 0 })], { to: "i32" }),
  };
  return (x: Tensor, axis = -1): Tensor => {
    const at = axisOf(axis, x.rank);
    return apply(
      op,
      [x],
      "i32",
      x.shape.filter((_, i) => i !== at),
      { axis: at },
    );
  };
}
/** Index (i32) of the first largest element. */
export const argmax = arg("argmax", "ArgMax");
export const argmin = arg("argmin", "ArgMin");

const SOFTMAX: Op = {
  name: "softmax",
  vjp: ([g], n) => {
    const y = n.outputs[0]!;
    const axis = n.attrs.axis as number;
    const inner = axis === y.rank - 1 ? rowDots(g!, y) : sum(mul(g!, y), axis, true);
    return [mul(y, sub(g!, inner))];
  },
  lower: (e, n, [x]) => e.op("Softmax", [x!], { axis: n.attrs.axis }),
};
/** exp(x) normalised to sum 1 along an axis. */
export function softmax(x: Tensor, axis = -1): Tensor {
  return apply(SOFTMAX, [x], x.dtype, x.shape, { axis: axisOf(axis, x.rank) });
}

const LOG_SOFTMAX: Op = {
  name: "logSoftmax",
  vjp: ([g], n) => {
    const axis = n.attrs.axis as number;
    return [sub(g!, mul(softmax(n.inputs[0]!, axis), sum(g!, axis, true)))];
  },
  lower: (e, n, [x]) => e.op("LogSoftmax", [x!], { axis: n.attrs.axis }),
};
/** log softmax without the underflow of taking the logarithm afterwards. */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  return apply(LOG_SOFTMAX, [x], x.dtype, x.shape, { axis: axisOf(axis, x.rank) });
}

const CUMSUM: Op = {
  name: "cumsum",
  vjp: ([g], n) => [flip(cumsum(flip(g!, n.attrs.axis as number), n.attrs.axis as number), n.attrs.axis as number)],
  lower: (e, n, [x]) => e.op("CumSum", [x!, e.i64([n.attrs.axis as number])]),
};
/** Running sum along an axis. */
export function cumsum(x: Tensor, axis: number): Tensor {
  const at = axisOf(axis, x.rank);
  if (fixed([x.shape[at]!])[0] === 0) fail("E_SHAPE", "cumsum of an empty axis.");
  return apply(CUMSUM, [x], x.dtype, x.shape, { axis: at });
}
