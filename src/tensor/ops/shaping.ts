/** Operations that move elements without computing: reshape, transpose, broadcast, slice, split, concatenate, pad. */
import { fail } from "../../errors.ts";
import { apply, Node, type Op } from "../graph.ts";
import { axisOf, broadcast, type Dim, fixed, resolveReshape, type Shape, sameShape, show, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { fill } from "./elementwise.ts";
import { sum } from "./reduce.ts";

const RESHAPE: Op = {
  name: "reshape",
  vjp: ([g], n) => [reshape(g!, n.inputs[0]!.shape)],
  lower: (e, n, [x]) => {
    const shape = n.outputs[0]!.shape;
    return e.op("Reshape", [x!, e.i64(shape.map((d) => (typeof d === "number" ? d : -1)))]);
  },
};
/** The same elements in another shape; one size may be -1. Errors: `E_SHAPE` when the counts differ. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const to = resolveReshape(x.shape, shape);
  if (sameShape(to, x.shape)) return x;
  const source = x.node.op === RESHAPE ? x.node.inputs[0]! : x;
  return sameShape(to, source.shape) ? source : apply(RESHAPE, [source], x.dtype, to);
}

/** Inserts axes of size 1 at the given places of the result. */
export function expandDims(x: Tensor, axes: readonly number[]): Tensor {
  const rank = x.rank + axes.length;
  const places = new Set(axes.map((a) => axisOf(a, rank)));
  const rest = [...x.shape];
  return reshape(
    x,
    Array.from({ length: rank }, (_, i) => (places.has(i) ? 1 : rest.shift()!)),
  );
}

/** Drops axes of size 1 (all of them when none is named). */
export function squeeze(x: Tensor, axes: readonly number[] = []): Tensor {
  const places = axes.length ? axes.map((a) => axisOf(a, x.rank)) : x.shape.flatMap((d, i) => (d === 1 ? [i] : []));
  for (const p of places)
    if (x.shape[p] !== 1) fail("E_SHAPE", `Axis ${p} of ${show(x.shape)} has size ${x.shape[p]}, not 1.`);
  return reshape(
    x,
    x.shape.filter((_, i) => !places.includes(i)),
  );
}

export const TRANSPOSE: Op = {
  name: "transpose",
  vjp: ([g], n) => {
    const perm = n.attrs.perm as number[];
    return [
      transpose(
        g!,
        perm.map((_, i) => perm.indexOf(i)),
      ),
    ];
  },
  lower: (e, n, [x]) => e.op("Transpose", [x!], { perm: n.attrs.perm }),
};
/** Permutes axes; without a permutation the last two are swapped. */
export function transpose(x: Tensor, permutation?: readonly number[]): Tensor {
  const identity = Array.from({ length: x.rank }, (_, i) => i);
  if (!permutation && x.rank < 2) fail("E_SHAPE", `Cannot swap the last two axes of ${show(x.shape)}.`);
  const perm = permutation?.map((a) => axisOf(a, x.rank)) ?? [...identity.slice(0, -2), x.rank - 1, x.rank - 2];
  if (perm.length !== x.rank || new Set(perm).size !== x.rank) {
    fail("E_AXIS", `[${permutation}] is not a permutation of the ${x.rank} axes of ${show(x.shape)}.`);
  }
  // Axes of size 1 may go anywhere without moving an element.
  const long = perm.filter((p) => x.shape[p] !== 1);
  if (long.every((p, i) => i === 0 || p > long[i - 1]!)) {
    return reshape(
      x,
      perm.map((p) => x.shape[p]!),
    );
  }
  if (x.node.op === TRANSPOSE) {
    const before = x.node.attrs.perm as number[];
    return transpose(
      x.node.inputs[0]!,
      perm.map((p) => before[p]!),
    );
  }
  return apply(
    TRANSPOSE,
    [x],
    x.dtype,
    perm.map((p) => x.shape[p]!),
    { perm },
  );
}

export const BROADCAST: Op = {
  name: "broadcastTo",
  vjp: ([g], n) => [unbroadcast(g!, n.inputs[0]!.shape)],
  lower: (e, n, [x]) => {
    const from = n.inputs[0]!.shape;
    const lead = n.outputs[0]!.rank - from.length;
    // A size that the input has already is written as 1, which leaves it as it is.
    const shape = n.outputs[0]!.shape.map((d, i) => (typeof d === "string" && d === from[i - lead] ? 1 : d));
    return e.op("Expand", [x!, e.dims(shape)]);
  },
};
/** Repeats along axes of size 1, without memory where the user of the result broadcasts anyway. */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  if (!sameShape(broadcast(x.shape, shape, "broadcastTo"), shape)) {
    fail("E_SHAPE", `Cannot broadcast ${show(x.shape)} to ${show(shape)}.`);
  }
  const source = x.node.op === BROADCAST ? x.node.inputs[0]! : x;
  const aligned =
    source.rank < x.rank ? reshape(source, [...Array<number>(x.rank - source.rank).fill(1), ...source.shape]) : source;
  return apply(BROADCAST, [aligned], x.dtype, shape);
}

/** The transpose of broadcasting: sums `g` down to `shape`. */
export function unbroadcast(g: Tensor, shape: Shape): Tensor {
  if (sameShape(g.shape, shape)) return g;
  const lead = g.rank - shape.length;
  const axes = g.shape.flatMap((d, i) => (i < lead || (shape[i - lead] === 1 && d !== 1) ? [i] : []));
  return reshape(axes.length ? sum(g, axes, true) : g, shape);
}

const SLICE: Op = {
  name: "slice",
  vjp: ([g], n) => {
    const { axis, start, step } = n.attrs as { axis: number; start: number; step: number };
    const from = n.inputs[0]!;
    const length = fixed([from.shape[axis]!])[0]!;
    const taken = fixed([g!.shape[axis]!])[0]!;
    // Zeros between the elements restore the step; a negative step is a flip first.
    const forward = step < 0 ? flip(g!, axis) : g!;
    const width = Math.abs(step);
    const first = step < 0 ? start + step * (taken - 1) : start;
    const spread = dilate(forward, axis, width);
    const span = (taken - 1) * width + 1;
    const before = from.shape.map((_, i) => (i === axis ? first : 0));
    const after = from.shape.map((_, i) => (i === axis ? length - first - span : 0));
    return [pad(spread, before, after)];
  },
  lower: (e, n, [x]) => {
    const { axis, start, end, step } = n.attrs as { axis: number; start: number; end: number; step: number };
    return e.op("Slice", [x!, e.i64([start]), e.i64([end]), e.i64([axis]), e.i64([step])]);
  },
};
const BEYOND_START = -(2 ** 31);
/** x[start:end:step] along one axis, with Python's meaning of negative positions. */
export function slice(x: Tensor, axis: number, start: number, end?: number, step = 1): Tensor {
  const at = axisOf(axis, x.rank);
  const length = fixed([x.shape[at]!])[0]!;
  if (!Number.isInteger(step) || step === 0)
    fail("E_RANGE", `slice got step ${step}.`, "Use a whole number other than 0.");
  const bound = (p: number) => (p < 0 ? p + length : p);
  const low = step > 0 ? 0 : -1;
  const high = step > 0 ? length : length - 1;
  const from = Math.min(Math.max(bound(start), low), high);
  const to = end === undefined ? (step > 0 ? length : -1) : Math.min(Math.max(bound(end), low), high);
  const taken = Math.max(0, Math.ceil((to - from) / step));
  if (taken === 0) fail("E_RANGE", `slice(${start}, ${end}, ${step}) of axis ${at} of ${show(x.shape)} is empty.`);
  if (taken === length && step === 1) return x;
  const shape = x.shape.map((d, i) => (i === at ? taken : d));
  return apply(SLICE, [x], x.dtype, shape, { axis: at, start: from, end: to < 0 ? BEYOND_START : to, step });
}

/** x reversed along one axis. */
export function flip(x: Tensor, axis: number): Tensor {
  return slice(x, axis, -1, undefined, -1);
}

/** Puts `width - 1` zeros between neighbours along one axis. */
export function dilate(x: Tensor, axis: number, width: number): Tensor {
  const at = axisOf(axis, x.rank);
  const length = fixed([x.shape[at]!])[0]!;
  if (width === 1 || length === 1) return x;
  const none = Array<number>(x.rank + 1).fill(0);
  const spaced = pad(
    expandDims(x, [at + 1]),
    none,
    none.map((_, i) => (i === at + 1 ? width - 1 : 0)),
  );
  const flat = reshape(
    spaced,
    x.shape.map((d, i) => (i === at ? length * width : d)),
  );
  return slice(flat, at, 0, (length - 1) * width + 1);
}

const SPLIT: Op = {
  name: "split",
  vjp: (grads, n) => [
    concat(
      grads.map((g, i) => g ?? fill(0, n.outputs[i]!.shape, n.outputs[i]!.dtype)),
      n.attrs.axis as number,
    ),
  ],
  lower: (e, n, [x]) =>
    e.ops(n.outputs.length, "Split", [x!, e.i64(n.attrs.sizes as number[])], { axis: n.attrs.axis }),
};
/** Cuts an axis into pieces of the given sizes. The inverse of {@link concat}. */
export function split(x: Tensor, axis: number, sizes: readonly number[]): Tensor[] {
  const at = axisOf(axis, x.rank);
  const total = sizes.reduce((a, b) => a + b, 0);
  if (total !== x.shape[at])
    fail("E_SHAPE", `Pieces [${sizes}] add up to ${total}, axis ${at} of ${show(x.shape)} does not.`);
  if (sizes.length === 1) return [x];
  const outputs = sizes.map((s) => ({ dtype: x.dtype, shape: x.shape.map((d, i) => (i === at ? s : d)) }));
  return [...new Node(SPLIT, [x], { axis: at, sizes }, outputs).outputs];
}

export const CONCAT: Op = {
  name: "concat",
  vjp: ([g], n) =>
    split(
      g!,
      n.attrs.axis as number,
      n.inputs.map((t) => fixed([t.shape[n.attrs.axis as number]!])[0]!),
    ),
  lower: (e, n, inputs) => e.op("Concat", inputs, { axis: n.attrs.axis }),
};
/** Joins tensors along an existing axis. */
export function concat(tensors: readonly Tensor[], axis = 0): Tensor {
  const first = tensors[0] ?? fail("E_SHAPE", "concat got no tensors.");
  if (tensors.length === 1) return first;
  const at = axisOf(axis, first.rank);
  for (const t of tensors) {
    if (t.dtype !== first.dtype || t.rank !== first.rank || t.shape.some((d, i) => i !== at && d !== first.shape[i])) {
      fail(
        "E_SHAPE",
        `concat along axis ${at} of ${tensors.map((x) => `${x.dtype}${show(x.shape)}`).join(", ")}.`,
        "All other sizes must agree.",
      );
    }
  }
  const length: Dim = tensors.map((t) => fixed([t.shape[at]!])[0]!).reduce((a, b) => a + b, 0);
  return apply(
    CONCAT,
    tensors,
    first.dtype,
    first.shape.map((d, i) => (i === at ? length : d)),
    { axis: at },
  );
}

/** Joins tensors of one shape along a new axis. */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  return concat(
    tensors.map((t) => expandDims(t, [axis])),
    axis,
  );
}

const PAD: Op = {
  name: "pad",
  vjp: ([g], n) => {
    const before = n.attrs.before as number[];
    let out = g!;
    n.inputs[0]!.shape.forEach((d, i) => {
      if (typeof d === "number" && d !== out.shape[i]) out = slice(out, i, before[i]!, before[i]! + d);
    });
    return [out];
  },
  lower: (e, n, [x]) => {
    const { before, after, value } = n.attrs as { before: number[]; after: number[]; value: number };
    return e.op("Pad", [x!, e.i64([...before, ...after]), e.scalar(value, n.inputs[0]!.dtype)]);
  },
};
/** Adds elements of one value at both ends of every axis. */
export function pad(x: Tensor, before: readonly number[], after: readonly number[], value = 0): Tensor {
  if (before.length !== x.rank || after.length !== x.rank || [...before, ...after].some((p) => p < 0)) {
    fail(
      "E_SHAPE",
      `pad of ${show(x.shape)} by [${before}] and [${after}].`,
      "Give one whole number >= 0 per axis, twice.",
    );
  }
  if ([...before, ...after].every((p) => p === 0)) return x;
  const shape = x.shape.map((d, i) => {
    const extra = before[i]! + after[i]!;
    return extra === 0 ? d : fixed([d])[0]! + extra;
  });
  return apply(PAD, [x], x.dtype, shape, { before, after, value });
}

/** Pads by mirroring at the edges, without repeating the edge itself. */
export function padReflect(x: Tensor, before: readonly number[], after: readonly number[]): Tensor {
  let out = x;
  x.shape.forEach((d, i) => {
    const [b, a] = [before[i] ?? 0, after[i] ?? 0];
    if (b === 0 && a === 0) return;
    const n = fixed([d])[0]!;
    if (b >= n || a >= n) fail("E_SHAPE", `Cannot reflect ${Math.max(a, b)} elements of an axis of size ${n}.`);
    const left = b ? [flip(slice(out, i, 1, b + 1), i)] : [];
    const right = a ? [flip(slice(out, i, n - a - 1, n - 1), i)] : [];
    out = concat([...left, out, ...right], i);
  });
  return out;
}

/** Repeats the whole tensor along every axis. */
export function tile(x: Tensor, repeats: readonly number[]): Tensor {
  if (repeats.length !== x.rank)
    fail("E_SHAPE", `tile of ${show(x.shape)} got ${repeats.length} counts.`, "Give one per axis.");
  const apart = x.shape.flatMap((d) => [1, d]);
  const wide = x.shape.flatMap((d, i) => [repeats[i]!, d]);
  const shape = x.shape.map((d, i) => sizeOf([d, repeats[i]!]));
  return reshape(broadcastTo(reshape(x, apart), wide), shape);
}
