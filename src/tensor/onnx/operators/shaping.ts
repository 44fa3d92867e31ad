/** Operators that move elements. Where a size is the named batch, shapes are computed with the name. */
import { constant } from "../../graph.ts";
import { fromNumbers } from "../../host.ts";
import * as ops from "../../ops/index.ts";
import { axisOf, broadcast, type Dim, fixed, sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import type { Call, Operator } from "../call.ts";

function reshape(c: Call): Tensor {
  const x = c.in(0);
  const target = c.attrs.ints("shape") ?? c.dims(1);
  const copies = c.attrs.int("allowzero", 0) === 0;
  const shape: Dim[] = target.map((d, i) => (d === 0 && copies ? (x.shape[i] ?? c.invalid("a 0 copies no axis")) : d));
  // A file frozen at batch 1 writes the 1 into its reshapes; the axis is the batch all the same.
  if (c.around.rebatched !== undefined && shape[0] === 1 && x.shape[0] === c.around.rebatched) {
    shape[0] = c.around.rebatched;
  }
  return ops.reshape(x, shape);
}

function flatten(c: Call): Tensor {
  const x = c.in(0);
  const axis = c.attrs.int("axis", 1);
  const at = axis < 0 ? axis + x.rank : axis;
  return ops.reshape(x, [sizeOf(x.shape.slice(0, at)), sizeOf(x.shape.slice(at))]);
}

function squeeze(c: Call): Tensor {
  const axes = c.intsOf("axes", 1) ?? [];
  const x = c.in(0);
  return axes.length
    ? ops.squeeze(x, axes)
    : ops.reshape(
        x,
        x.shape.filter((d) => d !== 1),
      );
}

function expand(c: Call): Tensor {
  const x = c.in(0);
  return ops.broadcastTo(x, broadcast(x.shape, c.dims(1), "Expand"));
}

function tile(c: Call): Tensor {
  const x = c.in(0);
  if (c.count === 3) {
    // Opset 1: a count and the axis it belongs to.
    const [count, axis] = [c.ints(1)[0]!, c.ints(2)[0]!];
    return ops.tile(
      x,
      x.shape.map((_, i) => (i === axis ? count : 1)),
    );
  }
  return ops.tile(x, c.ints(1));
}

function concat(c: Call): Tensor {
  const axis = c.attrs.int("axis", 1);
  const tensors = c.all().filter((t) => t.shape.at(axis) !== 0);
  return ops.concat(tensors.length ? tensors : [c.in(0)], axis);
}

function split(c: Call): readonly Tensor[] {
  const x = c.in(0);
  const axis = axisOf(c.attrs.int("axis", 0), x.rank);
  const given = c.intsOf("split", 1);
  if (given) return ops.split(x, axis, given);
  const length = fixed([x.shape[axis]!])[0]!;
  const pieces = c.attrs.int("num_outputs", c.node.output.length);
  const each = Math.ceil(length / pieces);
  const sizes = Array.from({ length: pieces }, (_, i) => Math.min(each, length - i * each));
  if (sizes.some((s) => s <= 0)) c.invalid(`${length} elements do not make ${pieces} pieces`);
  return ops.split(x, axis, sizes);
}

function slice(c: Call): Tensor {
  let x = c.in(0);
  const starts = c.intsOf("starts", 1) ?? c.invalid("it has no starts");
  const ends = c.intsOf("ends", 2) ?? c.invalid("it has no ends");
  const axes = c.intsOf("axes", 3) ?? starts.map((_, i) => i);
  const steps = c.has(4) ? c.ints(4) : starts.map(() => 1);
  axes.forEach((axis, i) => {
    const step = steps[i]!;
    const at = axisOf(axis, x.rank);
    // A whole axis may have a named size; ends beyond it mean "to the end".
    if (step === 1 && starts[i] === 0 && ends[i]! >= 2 ** 31 - 1) return;
    const length = fixed([x.shape[at]!])[0]!;
    const [first, end] = bounds(length, starts[i]!, ends[i]!, step);
    const taken = Math.max(Math.ceil((end - first) / step), 0);
    // The engine has no empty slices; shape arithmetic does.
    if (taken === 0) x = empty(x, at);
    else x = ops.slice(x, at, first, end < 0 ? undefined : end, step);
  });
  return x;
}

/** Start and end as ONNX clamps them; going backwards, -1 is the place before the first element. */
function bounds(length: number, start: number, end: number, step: number): [number, number] {
  const [low, high] = step > 0 ? [0, length] : [-1, length - 1];
  const clamp = (p: number, least: number) => Math.min(Math.max(p < 0 ? p + length : p, least), high);
  return [clamp(start, 0), clamp(end, low)];
}

function empty(x: Tensor, axis: number): Tensor {
  const shape = x.dims.map((d, i) => (i === axis ? 0 : d));
  return constant({ dtype: x.dtype, shape, data: fromNumbers([], x.dtype) });
}

/** Repeats of the first and last slice (edge), or of the other end (wrap). */
function extend(x: Tensor, before: readonly number[], after: readonly number[], wrap: boolean): Tensor {
  let out = x;
  x.shape.forEach((d, axis) => {
    const [b, a] = [before[axis]!, after[axis]!];
    if (b === 0 && a === 0) return;
    const n = fixed([d])[0]!;
    const first = ops.slice(out, axis, 0, 1);
    const last = ops.slice(out, axis, n - 1, n);
    const times = (t: Tensor, count: number) =>
      ops.broadcastTo(
        t,
        t.shape.map((s, i) => (i === axis ? count : s)),
      );
    const left = wrap ? (k: number) => ops.slice(out, axis, n - k, n) : (k: number) => times(first, k);
    const right = wrap ? (k: number) => ops.slice(out, axis, 0, k) : (k: number) => times(last, k);
    out = ops.concat([...(b ? [left(b)] : []), out, ...(a ? [right(a)] : [])], axis);
  });
  return out;
}

/** Pads [begin..., end...]; negative ones crop. */
function pad(c: Call): Tensor {
  let x = c.in(0);
  const listed = c.attrs.ints("pads") ?? c.attrs.ints("paddings") ?? [...c.ints(1)];
  const rank = x.rank;
  const axes = c.has(3) ? c.ints(3).map((a) => axisOf(a, rank)) : x.shape.map((_, i) => i);
  const amount = (offset: number) => x.shape.map((_, i) => (axes.includes(i) ? listed[axes.indexOf(i) + offset]! : 0));
  const [before, after] = [amount(0), amount(axes.length)];
  x.shape.forEach((d, i) => {
    const [b, a] = [Math.min(before[i]!, 0), Math.min(after[i]!, 0)];
    if (b < 0 || a < 0) x = ops.slice(x, i, -b, fixed([d])[0]! + a);
  });
  const [b, a] = [before, after].map((list) => list.map((p) => Math.max(p, 0))) as [number[], number[]];
  const mode = c.attrs.string("mode", "constant");
  if (mode === "reflect") return ops.padReflect(x, b, a);
  if (mode === "edge" || mode === "wrap") return extend(x, b, a, mode === "wrap");
  const value = c.has(2) ? (c.numbers(2) ?? c.unsupported("a padding value computed from data"))[0]! : undefined;
  return ops.pad(x, b, a, value ?? c.attrs.float("value", 0));
}

function depthToSpace(c: Call): Tensor {
  const x = c.in(0);
  const [n, depth, h, w] = x.shape as readonly [Dim, Dim, Dim, Dim];
  const b = c.attrs.int("blocksize");
  const channels = fixed([depth])[0]! / (b * b);
  const crd = c.attrs.string("mode", "DCR") === "CRD";
  const apart = ops.reshape(x, crd ? [n, channels, b, b, h, w] : [n, b, b, channels, h, w]);
  const woven = ops.transpose(apart, crd ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]);
  return ops.reshape(woven, [n, channels, sizeOf([h, b]), sizeOf([w, b])]);
}

function spaceToDepth(c: Call): Tensor {
  const x = c.in(0);
  const [n, channels, h, w] = x.shape as readonly [Dim, number, number, number];
  const b = c.attrs.int("blocksize");
  const apart = ops.reshape(x, [n, channels, h / b, b, w / b, b]);
  const crd = c.attrs.string("mode", "DCR") === "CRD";
  const woven = ops.transpose(apart, crd ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4]);
  return ops.reshape(woven, [n, channels * b * b, h / b, w / b]);
}

/** Keeps the upper or lower triangle of the last two axes. */
function trilu(c: Call): Tensor {
  const x = c.in(0);
  const [rows, columns] = fixed(x.shape.slice(-2)) as [number, number];
  const k = c.has(1) ? c.ints(1)[0]! : 0;
  const upper = c.attrs.int("upper", 1) === 1;
  const distance = ops.sub(ops.range(columns), ops.reshape(ops.range(rows), [rows, 1]));
  const keep = upper ? ops.greaterOrEqual(distance, k) : ops.lessOrEqual(distance, k);
  return ops.where(keep, x, 0);
}

export const SHAPING: Readonly<Record<string, Operator>> = {
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: (c) => ops.expandDims(c.in(0), c.intsOf("axes", 1) ?? c.invalid("it has no axes")),
  Transpose: (c) =>
    ops.transpose(c.in(0), c.attrs.ints("perm") ?? c.in(0).shape.map((_, i, all) => all.length - 1 - i)),
  Expand: expand,
  Tile: tile,
  Concat: concat,
  Split: split,
  Slice: slice,
  Pad: pad,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  Trilu: trilu,
};
