/**
 * Values known while tracing. Exporters compute shapes with ordinary operators (Shape, Gather, Mul, Concat, Reshape), so
 * the importer builds tensors for them like for everything else, and this file evaluates such a tensor on demand: in
 * numbers, and in named sizes such as "batch" where a size is known only at run time. What was needed only for shapes
 * then hangs on nothing and never reaches the program.
 */
import type { DType } from "../dtype.ts";
import { apply, constant, type Node, type Op, topological } from "../graph.ts";
import { fromNumbers, type HostTensor, toNumbers } from "../host.ts";
import { type Dim, type Shape, sizeOf, stridesOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

/** A number, a named size, or undefined where nothing is known of this element. */
type Element = Dim | undefined;
export interface Known {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: readonly Element[];
}

/** Larger tensors are weights: the runtime folds those. */
const LIMIT = 2 ** 16;

const SHAPE_OF: Op = { name: "shapeOf", lower: (e, _n, [x]) => e.op("Shape", [x!]) };
/** The shape of a tensor as an i64 vector: a constant unless it has named sizes. */
export function shapeOf(x: Tensor): Tensor {
  if (x.shape.every((d) => typeof d === "number")) return integers(x.shape as readonly number[], [x.rank]);
  return apply(SHAPE_OF, [x], "i64", [x.rank]);
}

/** An i64 constant. */
export function integers(values: readonly number[], shape: readonly number[] = [values.length]): Tensor {
  return constant({ dtype: "i64", shape, data: fromNumbers(values, "i64") });
}

const cache = new WeakMap<Node, readonly (Known | undefined)[]>();

/** What is known of a tensor before anything runs; undefined when it depends on data or is large. */
export function known(t: Tensor): Known | undefined {
  const small = (n: Node) => n.outputs.every((o) => o.shape.every((d) => typeof d === "number"));
  for (const node of topological([t], (n) => cache.has(n) || !evaluable(n) || !small(n))) {
    if (cache.has(node)) continue;
    const inputs = node.inputs.map((i) => (evaluable(i.node) ? cache.get(i.node)?.[i.index] : undefined));
    cache.set(node, evaluate(node, inputs));
  }
  return cache.get(t.node)?.[t.index];
}

const evaluable = (n: Node): boolean => n.op.name in RULES;

function evaluate(node: Node, inputs: readonly (Known | undefined)[]): readonly (Known | undefined)[] {
  const outputs = node.outputs.map((o) => ({ dtype: o.dtype, shape: o.shape as readonly number[] }));
  const total = outputs.reduce((sum, o) => sum + o.shape.reduce((a, b) => a * b, 1), 0);
  if (total > LIMIT) return outputs.map(() => undefined);
  if (node.op !== SHAPE_OF && inputs.some((i) => i === undefined)) return outputs.map(() => undefined);
  const data = RULES[node.op.name]!(node, inputs as readonly Known[]);
  // Single precision rounds after every operation, as the runtime would.
  const rounded = (dtype: DType, v: Element) => (dtype === "f32" && isNumber(v) ? Math.fround(v) : v);
  return outputs.map((o, i) => ({ ...o, data: data[i]!.map((v) => rounded(o.dtype, v)) }));
}

/** One array of elements per output. */
type Rule = (node: Node, inputs: readonly Known[]) => readonly (readonly Element[])[];

const isNumber = (x: Element): x is number => typeof x === "number";

/** Coordinates of a flat position. */
function coordinates(flat: number, shape: readonly number[]): number[] {
  const out = new Array<number>(shape.length);
  for (let i = shape.length - 1, rest = flat; i >= 0; i--) {
    out[i] = rest % shape[i]!;
    rest = Math.floor(rest / shape[i]!);
  }
  return out;
}

/** Elements of `from` at the position that `at` gives for every coordinate of the output. */
function moved(shape: Shape, from: Known, at: (c: readonly number[]) => readonly number[]): Element[] {
  const size = (shape as readonly number[]).reduce((a, b) => a * b, 1);
  const strides = stridesOf(from.shape);
  return Array.from({ length: size }, (_, flat) => {
    const source = at(coordinates(flat, shape as readonly number[]));
    return from.data[source.reduce((sum, c, i) => sum + c * strides[i]!, 0)];
  });
}

/** NumPy broadcasting of positions. */
const broadcasting = (from: Known) => (c: readonly number[]) =>
  from.shape.map((d, i) => (d === 1 ? 0 : c[c.length - from.shape.length + i]!));

const unary =
  (f: (x: number) => number): Rule =>
  (_n, [x]) => [x!.data.map((v) => (isNumber(v) ? f(v) : undefined))];

const binary =
  (f: (a: number, b: number, whole: boolean) => number, named: (a: Dim, b: Dim) => Element = () => undefined): Rule =>
  (n, [a, b]) => {
    const { shape } = n.outputs[0]!;
    const [left, right] = [a!, b!].map((k) => moved(shape, k, broadcasting(k)));
    const whole = a!.dtype !== "f32" && a!.dtype !== "f64";
    return [
      left!.map((x, i) => {
        const y = right![i];
        if (x === undefined || y === undefined) return undefined;
        return isNumber(x) && isNumber(y) ? f(x, y, whole) : named(x, y);
      }),
    ];
  };

const order = (f: (a: number, b: number) => boolean) =>
  // A named size is positive: it compares with 0 and -1, with nothing else.
  binary(
    (a, b) => Number(f(a, b)),
    (a, b) => {
      if (a === b) return Number(f(1, 1));
      if (isNumber(b) && b < 1) return Number(f(1, b));
      return isNumber(a) && a < 1 ? Number(f(a, 1)) : undefined;
    },
  );

const reduction =
  (f: (a: number, b: number) => number, finish: (total: number, count: number) => number = (t) => t): Rule =>
  (n, [x]) => {
    const axes = n.attrs.axes as readonly number[];
    const groups = new Map<string, Element[]>();
    x!.data.forEach((v, flat) => {
      const key = coordinates(flat, x!.shape)
        .filter((_, i) => !axes.includes(i))
        .join();
      groups.set(key, [...(groups.get(key) ?? []), v]);
    });
    return [[...groups.values()].map((g) => (g.every(isNumber) ? finish(g.reduce(f), g.length) : undefined))];
  };

const larger = (a: number, b: number) => Math.max(a, b);
const smaller = (a: number, b: number) => Math.min(a, b);
const same: Rule = (_n, [x]) => [x!.data];
const divideDims = (a: Dim, b: Dim): Element => {
  if (a === b) return 1;
  if (!isNumber(b) || isNumber(a)) return undefined;
  const [factor, name] = a.includes("*") ? (a.split("*") as [string, string]) : ["1", a];
  return Number(factor) % b === 0 ? sizeOf([Number(factor) / b, name]) : undefined;
};

const RULES: Readonly<Record<string, Rule>> = {
  constant: (n) => [toNumbers(n.attrs.value as HostTensor)],
  shapeOf: (n) => [n.inputs[0]!.shape],
  reshape: same,
  stopGradient: same,
  cast: (n, [x]) => {
    const to = n.outputs[0]!.dtype;
    const whole = to !== "f32" && to !== "f64";
    const convert = (v: number) => (to === "bool" ? Number(v !== 0) : whole ? Math.trunc(v) : v);
    return [x!.data.map((v) => (isNumber(v) ? convert(v) : v))];
  },
  transpose: (n, [x]) => {
    const perm = n.attrs.perm as readonly number[];
    return [moved(n.outputs[0]!.shape, x!, (c) => perm.map((_, i) => c[perm.indexOf(i)]!))];
  },
  broadcastTo: (n, [x]) => [moved(n.outputs[0]!.shape, x!, broadcasting(x!))],
  slice: (n, [x]) => {
    const { axis, start, step } = n.attrs as { axis: number; start: number; step: number };
    return [moved(n.outputs[0]!.shape, x!, (c) => c.map((p, i) => (i === axis ? start + p * step : p)))];
  },
  split: (n, [x]) => {
    const { axis, sizes } = n.attrs as { axis: number; sizes: readonly number[] };
    return n.outputs.map((o, k) => {
      const first = sizes.slice(0, k).reduce((a, b) => a + b, 0);
      return moved(o.shape, x!, (c) => c.map((p, i) => (i === axis ? p + first : p)));
    });
  },
  concat: (n, inputs) => {
    const axis = n.attrs.axis as number;
    const shape = n.outputs[0]!.shape as readonly number[];
    const out = new Array<Element>(shape.reduce((a, b) => a * b, 1));
    const strides = stridesOf(shape);
    let first = 0;
    for (const k of inputs) {
      k.data.forEach((v, flat) => {
        const c = coordinates(flat, k.shape);
        out[c.reduce((sum, p, i) => sum + (i === axis ? p + first : p) * strides[i]!, 0)] = v;
      });
      first += k.shape[axis]!;
    }
    return [out];
  },
  gather: (n, [x, indices]) => {
    const axis = n.attrs.axis as number;
    const r = indices!.shape.length;
    const strides = stridesOf(indices!.shape);
    const length = x!.shape[axis]!;
    return [
      moved(n.outputs[0]!.shape, x!, (c) => {
        const at = indices!.data[c.slice(axis, axis + r).reduce((sum, p, i) => sum + p * strides[i]!, 0)];
        if (!isNumber(at)) return [Number.NaN];
        return [...c.slice(0, axis), at < 0 ? at + length : at, ...c.slice(axis + r)];
      }),
    ];
  },
  where: (n, [condition, a, b]) => {
    const [c, x, y] = [condition!, a!, b!].map((k) => moved(n.outputs[0]!.shape, k, broadcasting(k)));
    return [c!.map((v, i) => (v === undefined ? undefined : v ? x![i] : y![i]))];
  },
  neg: unary((x) => -x),
  abs: unary(Math.abs),
  sign: unary(Math.sign),
  floor: unary(Math.floor),
  ceil: unary(Math.ceil),
  sqrt: unary(Math.sqrt),
  exp: unary(Math.exp),
  log: unary(Math.log),
  reciprocal: unary((x) => 1 / x),
  not: unary((x) => Number(!x)),
  add: binary(
    (a, b) => a + b,
    (a, b) => (a === 0 ? b : b === 0 ? a : undefined),
  ),
  sub: binary(
    (a, b) => a - b,
    (a, b) => (b === 0 ? a : a === b ? 0 : undefined),
  ),
  mul: binary(
    (a, b) => a * b,
    (a, b) => ((isNumber(a) || isNumber(b)) && a !== -1 && b !== -1 ? sizeOf([a, b]) : undefined),
  ),
  div: binary((a, b, whole) => (whole ? Math.trunc(a / b) : a / b), divideDims),
  pow: binary((a, b) => a ** b),
  Mod: binary((a, b) => a - b * Math.floor(a / b)),
  maximum: binary(larger, (a, b) => (a === 1 || a === 0 ? b : b === 1 || b === 0 ? a : undefined)),
  minimum: binary(smaller, (a, b) => (a === 1 || b === 1 ? 1 : undefined)),
  equal: order((a, b) => a === b),
  less: order((a, b) => a < b),
  lessOrEqual: order((a, b) => a <= b),
  greater: order((a, b) => a > b),
  greaterOrEqual: order((a, b) => a >= b),
  and: binary((a, b) => Number(a && b)),
  or: binary((a, b) => Number(a || b)),
  sum: reduction((a, b) => a + b),
  ReduceProd: reduction((a, b) => a * b),
  max: reduction(larger),
  min: reduction(smaller),
};
