/** Gradient checks of reductions, shapes, indexing and products. */
import type { Tensor } from "../../tensor.ts";
import * as ops from "../index.ts";
import type { Case, Draw, Family } from "./gradcheck.test-helper.ts";

/** None, one or several axes. */
function axes(draw: Draw, rank: number, round: number): number | number[] | undefined {
  if (round === 0) return undefined;
  if (round === 1) return draw.int(-rank, rank - 1);
  return Array.from({ length: rank }, (_, i) => i).filter(() => draw.int(0, 1) === 1);
}

type Reduction = (x: Tensor, axes?: number | readonly number[], keep?: boolean) => Tensor;
const reduction =
  (fn: Reduction, distinct = false): Case =>
  (draw, round) => {
    const shape = draw.shape();
    const over = axes(draw, shape.length, round);
    const keep = draw.int(0, 1) === 1;
    return { inputs: [distinct ? draw.distinct(shape) : draw.normal(shape)], fn: (x) => fn(x!, over, keep) };
  };

const alongAxis =
  (fn: (x: Tensor, axis: number) => Tensor, distinct = false): Case =>
  (draw) => {
    const shape = draw.shape();
    const axis = draw.int(-shape.length, shape.length - 1);
    return { inputs: [distinct ? draw.distinct(shape) : draw.normal(shape)], fn: (x) => fn(x!, axis) };
  };

export const reduceFamily: Family = {
  smooth: {
    sum: reduction(ops.sum),
    mean: reduction(ops.mean),
    sumOfSquares: reduction(ops.sumOfSquares),
    variance: reduction(ops.variance),
    prod: reduction(ops.prod),
    "prod with a zero": (draw) => ({
      inputs: [draw.normal([3, 2])],
      fn: (x) => ops.prod(x!.mul(ops.range(2).cast("f64"))),
    }),
    logSumExp: reduction(ops.logSumExp),
    softmax: alongAxis(ops.softmax),
    logSoftmax: alongAxis(ops.logSoftmax),
    cumsum: alongAxis(ops.cumsum),
  },
  piecewise: { max: reduction(ops.max, true), min: reduction(ops.min, true) },
};

const moved =
  (fn: (x: Tensor, draw: Draw, round: number) => Tensor | readonly Tensor[], rank?: number): Case =>
  (draw, round) => {
    const shape = draw.shape(rank);
    const seed = draw.int(0, 2 ** 30);
    return { inputs: [draw.normal(shape)], fn: (x) => fn(x!, draw.again(seed), round) };
  };

const permutation = (draw: Draw, rank: number) => {
  const left = Array.from({ length: rank }, (_, i) => i);
  return Array.from({ length: rank }, () => left.splice(draw.int(0, left.length - 1), 1)[0]!);
};

export const shapingFamily: Family = {
  smooth: {
    reshape: moved((x, _d, round) => ops.reshape(x, round % 2 ? [-1, 1] : [1, -1])),
    expandDims: moved((x, draw) => ops.expandDims(x, [0, draw.int(1, x.rank)])),
    squeeze: moved((x) => ops.squeeze(ops.expandDims(x, [1]), [1])),
    transpose: moved((x, draw, round) => (round ? ops.transpose(x, permutation(draw, 3)) : ops.transpose(x)), 3),
    broadcastTo: moved((x) => ops.broadcastTo(ops.expandDims(x, [0, -1]), [2, ...x.dims, 3])),
    unbroadcast: moved((x) => ops.unbroadcast(x, [x.dims[1]!, 1]), 3),
    slice: moved((x, draw, round) => {
      const long = ops.concat([x, x.mul(2), x.mul(3)], 0);
      const n = long.dims[0]!;
      const start = draw.int(0, n - 1);
      if (round === 0) return ops.slice(long, 0, -2);
      if (round === 1) return ops.slice(long, 0, 0, n, 2);
      if (round === 2) return ops.slice(long, 0, -1, undefined, -2);
      return ops.slice(long, 0, start, draw.int(start + 1, n));
    }),
    flip: moved((x, draw) => ops.flip(x, draw.int(0, x.rank - 1))),
    dilate: moved((x, draw) => ops.dilate(x, draw.int(0, x.rank - 1), draw.int(1, 3))),
    split: moved((x, draw) => {
      const n = x.dims[0]!;
      const first = draw.int(1, n);
      const [a, b] = ops.split(x, 0, first === n ? [n] : [first, n - first]);
      return b ? [a!.mul(a!), b] : a!;
    }),
    concat: (draw) => {
      const [a, b] = [draw.shape(2), draw.shape(2)];
      const axis = draw.int(0, 1);
      b[1 - axis] = a[1 - axis]!;
      return { inputs: [draw.normal(a), draw.normal(b)], fn: (x, y) => ops.concat([x!, y!, x!], axis) };
    },
    stack: moved((x, draw) => ops.stack([x, x.mul(x)], draw.int(-1, x.rank))),
    pad: moved((x, draw) => {
      const sizes = () => x.dims.map(() => draw.int(0, 2));
      return ops.pad(x, sizes(), sizes(), 1.5);
    }),
    padReflect: moved((x, draw) => {
      const sizes = () => x.dims.map((d) => draw.int(0, d - 1));
      return ops.padReflect(x, sizes(), sizes());
    }),
    tile: moved((x, draw) =>
      ops.tile(
        x,
        x.dims.map(() => draw.int(1, 2)),
      ),
    ),
  },
};

export const indexingFamily: Family = {
  smooth: {
    gather: moved((x, draw) => {
      const axis = draw.int(0, x.rank - 1);
      return ops.gather(x, draw.indices(x.dims[axis]!, draw.shape(draw.int(0, 2))), axis);
    }),
    scatterAdd: (draw) => {
      const shape = draw.shape();
      const indices = draw.indices(shape[0]!, [draw.int(1, 5)]);
      const updates = draw.normal([indices.dims[0]!, ...shape.slice(1)]);
      return { inputs: [draw.normal(shape), updates], fn: (x, u) => ops.scatterAdd(x!, indices, u!) };
    },
    gatherElements: moved((x, draw) => {
      const axis = draw.int(0, x.rank - 1);
      const shape = x.dims.map((d, i) => (i === axis ? draw.int(1, 4) : d));
      return ops.gatherElements(x, draw.indices(x.dims[axis]!, shape), axis);
    }),
    scatterElementsAdd: (draw) => {
      const shape = draw.shape();
      const axis = draw.int(0, shape.length - 1);
      const at = shape.map((d, i) => (i === axis ? draw.int(1, 5) : d));
      const indices = draw.indices(shape[axis]!, at);
      return {
        inputs: [draw.normal(shape), draw.normal(at)],
        fn: (x, u) => ops.scatterElementsAdd(x!, indices, u!, axis),
      };
    },
  },
  piecewise: {
    topK: (draw, round) => {
      const shape = draw.shape();
      const axis = draw.int(0, shape.length - 1);
      const k = draw.int(1, shape[axis]!);
      return { inputs: [draw.distinct(shape)], fn: (x) => ops.topK(x!, k, axis, round % 2 === 0).values };
    },
    sort: alongAxis((x, axis) => ops.sort(x, axis, axis < 0).values, true),
  },
};

const matmulCase: Case = (draw, round) => {
  const [m, k, n] = [draw.int(1, 3), draw.int(1, 3), draw.int(1, 3)];
  const [transA, transB] = [draw.int(0, 1) === 1, draw.int(0, 1) === 1];
  const lead = round === 0 ? [] : draw.shape(draw.int(1, 2));
  const [a, b] = [transA ? [k, m] : [m, k], transB ? [n, k] : [k, n]];
  const left = round === 1 ? lead : draw.broadcastable(lead);
  const right = round === 1 ? [] : lead;
  return {
    inputs: [draw.normal([...left, ...a]), draw.normal([...right, ...b])],
    fn: (x, y) => ops.matmul(x!, y!, { transA, transB, alpha: round % 2 ? 1 : 0.3 }),
  };
};

const EQUATIONS: [string, number[], number[]?][] = [
  ["ij,jk->ik", [2, 3], [3, 2]],
  ["bij,bkj->bki", [2, 3, 2], [2, 1, 2]],
  ["ijk->kj", [2, 3, 2]],
  ["bhtd,bshd->bhts", [1, 2, 3, 2], [1, 2, 2, 2]],
  ["i,j->ji", [3], [2]],
];

export const matmulFamily: Family = {
  smooth: {
    matmul: matmulCase,
    "matmul of transposed operands": (draw) => {
      const [a, b] = [draw.normal([2, 3, 2]), draw.normal([2, 2, 3])];
      return { inputs: [a, b], fn: (x, y) => ops.matmul(ops.transpose(x!), ops.transpose(y!)) };
    },
    einsum: (draw, round) => {
      const [equation, a, b] = EQUATIONS[round]!;
      return b
        ? { inputs: [draw.normal(a), draw.normal(b)], fn: (x, y) => ops.einsum(equation, x!, y!) }
        : { inputs: [draw.normal(a)], fn: (x) => ops.einsum(equation, x!) };
    },
  },
};
