/** Reductions, softmax and ranking. Axes moved from an attribute to an input: ReduceSum at opset 13, others at 18. */
import { isFloat } from "../../dtype.ts";
import { apply, constant, type Op } from "../../graph.ts";
import * as ops from "../../ops/index.ts";
import { axesOf, axisOf, fixed, type Shape, sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import type { Call, Operator } from "../call.ts";

type Reduce = (x: Tensor, axes: readonly number[], keep: boolean) => Tensor;

const reduce =
  (f: Reduce, without: (x: Tensor) => Tensor = (x) => x): Operator =>
  (c) => {
    const x = c.in(0);
    const given = c.intsOf("axes", 1);
    const empty = given === undefined || given.length === 0;
    if (empty && c.attrs.int("noop_with_empty_axes", 0)) return without(x);
    return f(x, axesOf(empty ? undefined : given, x.rank), c.attrs.int("keepdims", 1) === 1);
  };

/** ONNX Runtime reduces no bool and no u8. */
const extremum =
  (f: Reduce): Reduce =>
  (x, axes, keep) =>
    x.dtype === "bool" || x.dtype === "u8" ? ops.cast(f(ops.cast(x, "i32"), axes, keep), x.dtype) : f(x, axes, keep);

/**
 * The gradient of a product is the product of the others, also where one of them is 0: the reduced elements are
 * repeated with a 1 on the diagonal. Quadratic in the number of elements reduced, which is small in practice.
 */
const product: Reduce = (x, axes, keep) => {
  if (axes.length === 0) return x;
  const rest = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const shape = keep ? x.shape.map((d, i) => (axes.includes(i) ? 1 : d)) : rest.map((i) => x.shape[i]!);
  const many = fixed(axes.map((a) => x.shape[a]!)).reduce((a, b) => a * b, 1);
  const rows = ops.reshape(ops.transpose(x, [...rest, ...axes]), [...rest.map((i) => x.shape[i]!), many]);
  return ops.reshape(productOfLast(rows), shape);
};
const PRODUCT: Op = {
  name: "ReduceProd",
  vjp: ([g], n) => {
    const rows = n.inputs[0]!;
    const many = fixed([rows.shape.at(-1)!])[0]!;
    const diagonal = Uint8Array.from({ length: many * many }, (_, i) => (i % (many + 1) === 0 ? 1 : 0));
    const self = constant({ dtype: "bool", shape: [many, many], data: diagonal });
    const others = productOfLast(ops.where(self, 1, ops.expandDims(rows, [-2])));
    return [ops.mul(others, ops.expandDims(g!, [-1]))];
  },
  lower: (e, n, [x]) => e.op("ReduceProd", [x!, e.i64(n.attrs.axes as number[])], { keepdims: 0 }),
};
function productOfLast(rows: Tensor): Tensor {
  return apply(PRODUCT, [rows], rows.dtype, rows.shape.slice(0, -1), { axes: [rows.rank - 1] });
}

const squares: Reduce = (x, axes, keep) => ops.sum(ops.mul(x, x), axes, keep);

/** Before opset 13 everything from `axis` on counted as one axis, and the default was 1. */
const normalised =
  (f: (x: Tensor, axis: number) => Tensor): Operator =>
  (c) => {
    const x = c.in(0);
    if (c.opset >= 13) return f(x, c.attrs.int("axis", -1));
    const axis = axisOf(c.attrs.int("axis", 1), Math.max(x.rank, 2));
    if (axis === x.rank - 1) return f(x, axis);
    const rows = ops.reshape(x, [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))]);
    return ops.reshape(f(rows, 1), x.shape);
  };

function hardmax(x: Tensor, axis: number): Tensor {
  const at = axisOf(axis, x.rank);
  const length = fixed([x.shape[at]!])[0]!;
  const column = x.shape.map((_, i): number => (i === at ? length : 1));
  const hit = ops.equal(ops.expandDims(ops.argmax(x, at), [at]), ops.reshape(ops.range(length), column));
  return ops.cast(hit, x.dtype);
}

const arg =
  (f: (x: Tensor, axis: number) => Tensor): Operator =>
  (c) => {
    const x = c.in(0);
    const axis = axisOf(c.attrs.int("axis", 0), x.rank);
    const last = c.attrs.int("select_last_index", 0) === 1;
    const length = fixed([x.shape[axis]!])[0]!;
    const found = last ? ops.sub(length - 1, f(ops.flip(x, axis), axis)) : f(x, axis);
    const kept = c.attrs.int("keepdims", 1) ? ops.expandDims(found, [axis]) : found;
    return ops.cast(kept, "i64");
  };

function cumsum(c: Call): Tensor {
  const x = c.in(0);
  const axis = axisOf(c.ints(1)[0]!, x.rank);
  const reverse = c.attrs.int("reverse", 0) === 1;
  const flipped = reverse ? ops.flip(x, axis) : x;
  const total = ops.cumsum(flipped, axis);
  const sums = c.attrs.int("exclusive", 0) ? ops.sub(total, flipped) : total;
  return reverse ? ops.flip(sums, axis) : sums;
}

function topK(c: Call): readonly Tensor[] {
  const x = c.in(0);
  const k = c.opset < 10 ? c.attrs.int("k") : c.ints(1)[0]!;
  const { values, indices } = ops.topK(x, k, c.attrs.int("axis", -1), c.attrs.int("largest", 1) === 1);
  return [values, ops.cast(indices, "i64")];
}

/** sum |x|^p, then the p-th root, along one axis: each vector is divided by its norm; a zero vector stays zero. */
function lpNormalization(c: Call): Tensor {
  const x = c.in(0);
  const axis = c.attrs.int("axis", -1);
  const norm =
    c.attrs.int("p", 2) === 1 ? ops.sum(ops.abs(x), axis, true) : ops.sqrt(squares(x, [axisOf(axis, x.rank)], true));
  return ops.div(x, ops.where(ops.equal(norm, 0), 1, norm));
}

/** Means in whole numbers are not a thing of ours: ONNX Runtime truncates. */
const mean: Reduce = (x, axes, keep) =>
  isFloat(x.dtype)
    ? ops.mean(x, axes, keep)
    : ops.div(
        ops.sum(x, axes, keep),
        fixed(axes.map((a): Shape[number] => x.shape[a]!)).reduce((a, b) => a * b, 1),
      );

export const REDUCTIONS: Readonly<Record<string, Operator>> = {
  ReduceSum: reduce(ops.sum),
  ReduceMean: reduce(mean),
  ReduceMax: reduce(extremum(ops.max)),
  ReduceMin: reduce(extremum(ops.min)),
  ReduceProd: reduce(product),
  ReduceL1: reduce((x, axes, keep) => ops.sum(ops.abs(x), axes, keep), ops.abs),
  ReduceL2: reduce((x, axes, keep) => ops.sqrt(squares(x, axes, keep)), ops.abs),
  ReduceSumSquare: reduce(squares, (x) => ops.mul(x, x)),
  ReduceLogSum: reduce((x, axes, keep) => ops.log(ops.sum(x, axes, keep)), ops.log),
  ReduceLogSumExp: reduce((x, axes, keep) => ops.logSumExp(x, axes, keep)),
  Softmax: normalised(ops.softmax),
  LogSoftmax: normalised(ops.logSoftmax),
  Hardmax: normalised(hardmax),
  LpNormalization: lpNormalization,
  ArgMax: arg(ops.argmax),
  ArgMin: arg(ops.argmin),
  CumSum: cumsum,
  TopK: topK,
};
