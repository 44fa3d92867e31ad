/** Reading and writing at positions given by tensors: gather, scatter-add, one-hot, top-k, sort. */
import { fail } from "../../errors.ts";
import { apply, constant, Node, type Op } from "../graph.ts";
import { axisOf, count, fixed, type Shape, show } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { cast, equal, fill } from "./elementwise.ts";
import { matmul } from "./matmul.ts";
import { expandDims, reshape, transpose } from "./shaping.ts";

function needIndices(t: Tensor, what: string): void {
  if (t.dtype !== "i32" && t.dtype !== "i64") fail("E_DTYPE", `${what} needs i32 or i64 indices, got ${t.dtype}.`);
}

/** 0..n-1 as i32. */
export function range(n: number): Tensor {
  return constant({ dtype: "i32", shape: [n], data: Int32Array.from({ length: n }, (_, i) => i) });
}

/** [...,classes] with 1 at the index and 0 elsewhere; an index out of range gives a row of zeros. */
export function oneHot(indices: Tensor, classes: number, dtype: "f32" | "f64" = "f32"): Tensor {
  needIndices(indices, "oneHot");
  return cast(equal(expandDims(cast(indices, "i32"), [-1]), range(classes)), dtype);
}

/** Below this many multiply-adds a one-hot product beats ONNX Runtime's sequential scatter. */
const ONE_HOT_LIMIT = 2 ** 27;

const GATHER: Op = {
  name: "gather",
  vjp: ([g], n) => {
    const [x, indices] = n.inputs as [Tensor, Tensor];
    const axis = n.attrs.axis as number;
    const length = fixed([x.shape[axis]!])[0]!;
    // Bring the gathered axis to the front, as rows.
    const r = indices.rank;
    const order = [...Array.from({ length: r }, (_, i) => axis + i)];
    const rest = Array.from({ length: g!.rank }, (_, i) => i).filter((i) => !order.includes(i));
    const rows = reshape(transpose(g!, [...order, ...rest]), [count(indices.shape), -1]);
    const flat = reshape(indices, [count(indices.shape)]);
    const width = fixed([rows.shape[1]!])[0]!;
    const added =
      length * width * count(indices.shape) <= ONE_HOT_LIMIT && (x.dtype === "f32" || x.dtype === "f64")
        ? matmul(oneHot(flat, length, x.dtype), rows, { transA: true })
        : scatterAdd(fill(0, [length, width], x.dtype), flat, rows);
    const others = x.shape.filter((_, i) => i !== axis);
    const front = reshape(added, [length, ...others]);
    const back = Array.from({ length: x.rank }, (_, i) => (i === axis ? 0 : i < axis ? i + 1 : i));
    return [transpose(front, back), undefined];
  },
  lower: (e, n, inputs) => e.op("Gather", inputs, { axis: n.attrs.axis }),
};
/** Picks slices of `x` along `axis`: x[..., indices, ...]. Embedding lookup is `gather(table, tokens)`. */
export function gather(x: Tensor, indices: Tensor, axis = 0): Tensor {
  needIndices(indices, "gather");
  const at = axisOf(axis, x.rank);
  const shape = [...x.shape.slice(0, at), ...indices.shape, ...x.shape.slice(at + 1)];
  return apply(GATHER, [x, indices], x.dtype, shape, { axis: at });
}

const SCATTER_ADD: Op = {
  name: "scatterAdd",
  vjp: ([g], n) => [g!, undefined, gather(g!, n.inputs[1]!)],
  lower: (e, n, [x, i, u]) => {
    const column = e.op("Unsqueeze", [
      n.inputs[1]!.dtype === "i64" ? i! : e.op("Cast", [i!], { to: "i64" }),
      e.i64([-1]),
    ]);
    return e.op("ScatterND", [x!, column, u!], { reduction: "add" });
  },
};
/** x with `updates[j]` added to row `indices[j]`; indices may repeat. x [N,...], indices [J], updates [J,...]. */
export function scatterAdd(x: Tensor, indices: Tensor, updates: Tensor): Tensor {
  needIndices(indices, "scatterAdd");
  if (indices.rank !== 1 || updates.shape[0] !== indices.shape[0]) {
    fail(
      "E_SHAPE",
      `scatterAdd into ${show(x.shape)} at ${show(indices.shape)} of ${show(updates.shape)}.`,
      "Give one row per index.",
    );
  }
  return apply(SCATTER_ADD, [x, indices, updates], x.dtype, x.shape);
}

const GATHER_ELEMENTS: Op = {
  name: "gatherElements",
  vjp: ([g], n) => {
    const [x, indices] = n.inputs as [Tensor, Tensor];
    return [scatterElementsAdd(fill(0, x.shape, x.dtype), indices, g!, n.attrs.axis as number), undefined];
  },
  lower: (e, n, inputs) => e.op("GatherElements", inputs, { axis: n.attrs.axis }),
};
/** out[i][j] = x[i][indices[i][j]] (for the last axis): one index per element of the result. */
export function gatherElements(x: Tensor, indices: Tensor, axis = -1): Tensor {
  needIndices(indices, "gatherElements");
  if (indices.rank !== x.rank)
    fail("E_SHAPE", `gatherElements of ${show(x.shape)} with ${show(indices.shape)}.`, "Ranks must be equal.");
  return apply(GATHER_ELEMENTS, [x, indices], x.dtype, indices.shape, { axis: axisOf(axis, x.rank) });
}

const SCATTER_ELEMENTS: Op = {
  name: "scatterElementsAdd",
  vjp: ([g], n) => [g!, undefined, gatherElements(g!, n.inputs[1]!, n.attrs.axis as number)],
  lower: (e, n, inputs) => e.op("ScatterElements", inputs, { axis: n.attrs.axis, reduction: "add" }),
};
/** x with updates[i][j] added at [i][indices[i][j]] (for the last axis). */
export function scatterElementsAdd(x: Tensor, indices: Tensor, updates: Tensor, axis = -1): Tensor {
  needIndices(indices, "scatterElementsAdd");
  return apply(SCATTER_ELEMENTS, [x, indices, updates], x.dtype, x.shape, { axis: axisOf(axis, x.rank) });
}

const TOP_K: Op = {
  name: "topK",
  vjp: ([g], n) => {
    const x = n.inputs[0]!;
    if (!g) return [undefined];
    return [scatterElementsAdd(fill(0, x.shape, x.dtype), n.outputs[1]!, g, n.attrs.axis as number)];
  },
  lower: (e, n, [x]) => {
    const { k, axis, largest } = n.attrs as { k: number; axis: number; largest: boolean };
    const [values, indices] = e.ops(2, "TopK", [x!, e.i64([k])], { axis, largest: largest ? 1 : 0, sorted: 1 });
    return [values!, e.op("Cast", [indices!], { to: "i32" })];
  },
};
/** The k largest (or smallest) along an axis, sorted, with their i32 indices. */
export function topK(x: Tensor, k: number, axis = -1, largest = true): { values: Tensor; indices: Tensor } {
  const at = axisOf(axis, x.rank);
  const length = fixed([x.shape[at]!])[0]!;
  if (!Number.isInteger(k) || k < 1 || k > length) fail("E_RANGE", `topK got k = ${k} for an axis of size ${length}.`);
  const shape: Shape = x.shape.map((d, i) => (i === at ? k : d));
  const node = new Node(TOP_K, [x], { k, axis: at, largest }, [
    { dtype: x.dtype, shape },
    { dtype: "i32", shape },
  ]);
  return { values: node.outputs[0]!, indices: node.outputs[1]! };
}

/** Ascending (or descending) values along an axis, with their i32 indices. */
export function sort(x: Tensor, axis = -1, descending = false): { values: Tensor; indices: Tensor } {
  return topK(x, fixed([x.shape[axisOf(axis, x.rank)]!])[0]!, axis, descending);
}
