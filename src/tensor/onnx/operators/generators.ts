/** Constants, shapes as values, sequences of numbers, and branches that are decided while tracing. */
import type { DType } from "../../dtype.ts";
import { constant } from "../../graph.ts";
import { fromNumbers, toNumbers } from "../../host.ts";
import * as ops from "../../ops/index.ts";
import { fixed, sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import type { Call, Operator } from "../call.ts";
import { integers, shapeOf } from "../known.ts";
import { elementType } from "../tensor-proto.ts";

const vector = (values: readonly number[], dtype: DType, shape: readonly number[] = [values.length]) =>
  constant({ dtype, shape, data: fromNumbers(values, dtype) });

function constantNode(c: Call): Tensor {
  const value = c.attrs.tensor("value");
  if (value) return constant(value);
  if (c.attrs.has("value_float")) return vector([c.attrs.float("value_float")], "f32", []);
  if (c.attrs.has("value_int")) return vector([c.attrs.int("value_int")], "i64", []);
  if (c.attrs.has("value_floats")) return vector(c.attrs.floats("value_floats")!, "f32");
  if (c.attrs.has("value_ints")) return vector(c.attrs.ints("value_ints")!, "i64");
  return c.unsupported("a constant of strings or a sparse tensor");
}

function constantOfShape(c: Call): Tensor {
  const value = c.attrs.tensor("value");
  const shape = c.dims(0);
  return ops.fill(value ? toNumbers(value)[0]! : 0, shape, value?.dtype ?? "f32");
}

function shape(c: Call): Tensor {
  const x = c.in(0);
  const whole = shapeOf(x);
  const bound = (p: number) => Math.min(Math.max(p < 0 ? p + x.rank : p, 0), x.rank);
  const [start, end] = [bound(c.attrs.int("start", 0)), bound(c.attrs.int("end", x.rank))];
  if (start === 0 && end === x.rank) return whole;
  return start >= end ? integers([]) : ops.slice(whole, 0, start, end);
}

function size(c: Call): Tensor {
  const x = c.in(0);
  const total = sizeOf(x.shape);
  if (typeof total === "number") return integers([total], []);
  return x.shape.reduce<Tensor>(
    (product, _, i) => ops.mul(product, ops.reshape(ops.slice(shapeOf(x), 0, i, i + 1), [])),
    integers([1], []),
  );
}

/** A damaged file must not fill the memory. */
const LONGEST_RANGE = 2 ** 24;

/** start, start + delta, ... below limit. */
function range(c: Call): Tensor {
  const bound = (i: number) => (c.numbers(i) ?? c.dims(i))[0]!;
  const [start, limit, delta] = fixed([bound(0), bound(1), bound(2)]) as [number, number, number];
  const length = Math.max(Math.ceil((limit - start) / delta), 0);
  if (!(length < LONGEST_RANGE)) c.invalid(`it counts from ${start} to ${limit} by ${delta}`);
  return vector(
    Array.from({ length }, (_, i) => start + i * delta),
    c.in(0).dtype,
  );
}

function eyeLike(c: Call): Tensor {
  const [rows, columns] = c.in(0).dims as readonly [number, number];
  const k = c.attrs.int("k", 0);
  const dtype = c.attrs.has("dtype") ? elementType(c.attrs.int("dtype"), c.who) : c.in(0).dtype;
  const values = Array.from({ length: rows * columns }, (_, i) =>
    i % columns === Math.floor(i / columns) + k ? 1 : 0,
  );
  return vector(values, dtype, [rows, columns]);
}

/** Training-only outputs of Dropout are all true; dropping happens only in training, which a teacher never does. */
function dropout(c: Call): readonly Tensor[] {
  const x = c.in(0);
  if (c.opset >= 12 && c.has(2) && c.numbers(2)?.[0] !== 0) c.unsupported("Dropout in training mode");
  return [x, ops.fill(1, x.shape, c.opset >= 10 ? "bool" : x.dtype)];
}

function conditional(c: Call): readonly Tensor[] {
  const condition = c.numbers(0);
  if (!condition) c.unsupported("a condition computed from data (give inputs that decide it as constants)");
  return c.around.branch(c.attrs.graph(condition[0] ? "then_branch" : "else_branch"));
}

export const GENERATORS: Readonly<Record<string, Operator>> = {
  Constant: constantNode,
  ConstantOfShape: constantOfShape,
  Shape: shape,
  Size: size,
  Range: range,
  EyeLike: eyeLike,
  Dropout: dropout,
  If: conditional,
};
