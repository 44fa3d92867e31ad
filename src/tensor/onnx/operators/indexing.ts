/** Gather and scatter. Negative positions count from the end in ONNX; gradients need them counted from the start. */
import { isFloat } from "../../dtype.ts";
import { CONSTANT, constant } from "../../graph.ts";
import { fromNumbers } from "../../host.ts";
import * as ops from "../../ops/index.ts";
import { axisOf, fixed, sizeOf, stridesOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import type { Call, Operator } from "../call.ts";
import { integers } from "../known.ts";
import { native, noGradient } from "./native.ts";

/** Positions counted from the start. A table that gets no gradient reads negative ones as they are. */
function positions(c: Call, i: number, x: Tensor, length: number): Tensor {
  const indices = c.in(i).dtype === "i32" || c.in(i).dtype === "i64" ? c.in(i) : ops.cast(c.in(i), "i64");
  const values = c.numbers(i);
  if (values) {
    if (values.every((v) => v >= 0)) return indices;
    const { dtype, dims } = indices;
    return constant({
      dtype,
      shape: dims,
      data: fromNumbers(
        values.map((v) => (v < 0 ? v + length : v)),
        dtype,
      ),
    });
  }
  if (x.node.op === CONSTANT || !isFloat(x.dtype)) return indices;
  return ops.where(ops.less(indices, 0), ops.add(indices, length), indices);
}

const lengthOf = (x: Tensor, axis: number) => fixed([x.shape[axis]!])[0]!;

function gather(c: Call): Tensor {
  const x = c.in(0);
  const axis = axisOf(c.attrs.int("axis", 0), x.rank);
  return ops.gather(x, positions(c, 1, x, lengthOf(x, axis)), axis);
}

function gatherElements(c: Call): Tensor {
  const x = c.in(0);
  const axis = axisOf(c.attrs.int("axis", 0), x.rank);
  return ops.gatherElements(x, positions(c, 1, x, lengthOf(x, axis)), axis);
}

/** Rows of x [N..., rest] at index tuples [..., k]: tuples become one number per row. */
function gatherRows(x: Tensor, indices: Tensor): Tensor {
  const k = lengthOf(indices, indices.rank - 1);
  const sizes = fixed(x.shape.slice(0, k));
  const strides = integers(stridesOf(sizes));
  const tuple = ops.cast(indices, "i64");
  const start = ops.where(ops.less(tuple, 0), ops.add(tuple, integers(sizes)), tuple);
  const row = ops.sum(ops.mul(start, strides), -1);
  return ops.gather(ops.reshape(x, [sizeOf(sizes), ...x.shape.slice(k)]), row, 0);
}

function gatherND(c: Call): Tensor {
  const [x, indices] = [c.in(0), c.in(1)];
  const batch = c.attrs.int("batch_dims", 0);
  if (batch === 0) return gatherRows(x, indices);
  // Batch axes become leading entries of each tuple.
  const lead = fixed(indices.shape.slice(0, batch));
  const shape = [...fixed(indices.shape.slice(0, -1)), 1];
  const counters = lead.map((n, axis) =>
    ops.broadcastTo(
      ops.reshape(
        ops.cast(ops.range(n), "i64"),
        shape.map((_, i) => (i === axis ? n : 1)),
      ),
      shape,
    ),
  );
  return gatherRows(x, ops.concat([...counters, ops.cast(indices, "i64")], -1));
}

type Reduction = "none" | "add" | "mul" | "max" | "min";
const reductionOf = (c: Call) => c.attrs.string("reduction", "none") as Reduction;

/** x with updates written (or added) at index tuples. */
function writeRows(x: Tensor, indices: Tensor, updates: Tensor, reduction: Reduction): Tensor {
  return native("ScatterND", [x, indices, updates], {
    attrs: { reduction },
    gradient:
      reduction === "none" || reduction === "add"
        ? ([g]) => {
            const kept = ops.fill(0, updates.shape, updates.dtype);
            return [
              reduction === "add" ? g! : writeRows(g!, indices, kept, "none"),
              undefined,
              gatherRows(g!, indices),
            ];
          }
        : noGradient(`ScatterND with reduction "${reduction}"`),
  });
}

function scatterElements(c: Call): Tensor {
  const [x, updates] = [c.in(0), c.in(2)];
  const axis = axisOf(c.attrs.int("axis", 0), x.rank);
  const indices = positions(c, 1, x, lengthOf(x, axis));
  return writeElements(x, indices, updates, axis, reductionOf(c));
}

function writeElements(x: Tensor, indices: Tensor, updates: Tensor, axis: number, reduction: Reduction): Tensor {
  return native("ScatterElements", [x, indices, updates], {
    attrs: { axis, reduction },
    gradient:
      reduction === "none" || reduction === "add"
        ? ([g]) => {
            const kept = ops.fill(0, updates.shape, updates.dtype);
            const dx = reduction === "add" ? g! : writeElements(g!, indices, kept, axis, "none");
            return [dx, undefined, ops.gatherElements(g!, indices, axis)];
          }
        : noGradient(`ScatterElements with reduction "${reduction}"`),
  });
}

/** values = [off, on]; the new axis holds `depth` entries. */
function oneHot(c: Call): Tensor {
  const [indices, values] = [c.in(0), c.in(2)];
  const depth = c.ints(1)[0]!;
  const axis = axisOf(c.attrs.int("axis", -1), indices.rank + 1, "OneHot axis");
  const whole = ops.cast(indices, "i64");
  const start = ops.expandDims(ops.where(ops.less(whole, 0), ops.add(whole, depth), whole), [axis]);
  const classes = start.shape.map((_, i) => (i === axis ? depth : 1));
  const hit = ops.equal(start, ops.reshape(ops.cast(ops.range(depth), "i64"), classes));
  const choice = (i: number) => ops.reshape(ops.slice(values, 0, i, i + 1), []);
  return ops.where(hit, choice(1), choice(0));
}

function compress(c: Call): Tensor {
  const condition = c.numbers(1) ?? c.unsupported("a selection computed from data");
  const taken = condition.flatMap((v, i) => (v ? [i] : []));
  const x = c.attrs.has("axis") ? c.in(0) : ops.reshape(c.in(0), [-1]);
  return ops.gather(x, integers(taken), axisOf(c.attrs.int("axis", 0), x.rank));
}

function nonZero(c: Call): Tensor {
  const values = c.numbers(0) ?? c.unsupported("positions computed from data");
  const shape = c.in(0).dims;
  const strides = stridesOf(shape);
  const hits = values.flatMap((v, i) => (v ? [i] : []));
  const rows = strides.flatMap((s, axis) => hits.map((flat) => Math.floor(flat / s) % shape[axis]!));
  return integers(rows, [shape.length, hits.length]);
}

export const INDEXING: Readonly<Record<string, Operator>> = {
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  Scatter: scatterElements,
  ScatterElements: scatterElements,
  ScatterND: (c) => writeRows(c.in(0), ops.cast(c.in(1), "i64"), c.in(2), reductionOf(c)),
  OneHot: oneHot,
  Compress: compress,
  NonZero: nonZero,
};
