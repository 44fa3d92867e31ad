/**
 * Shapes. A dimension is a number, or a name such as "batch" for a size that is known only when a program runs.
 * A product with a name is written "128*batch": one name per tensor is enough for everything we export, and keeps
 * shape arithmetic trivial.
 */
import { fail } from "../errors.ts";

export type Dim = number | string;
export type Shape = readonly Dim[];

export function show(shape: Shape): string {
  // Data given in the place of a shape must not flood the message.
  return shape.length > 16 ? `[${shape.slice(0, 8).join(",")}, ... ${shape.length} sizes]` : `[${shape.join(",")}]`;
}

interface Monomial {
  readonly factor: number;
  readonly name: string;
}

function parse(dim: Dim): Monomial {
  if (typeof dim === "number") return { factor: dim, name: "" };
  const star = dim.indexOf("*");
  return star < 0 ? { factor: 1, name: dim } : { factor: Number(dim.slice(0, star)), name: dim.slice(star + 1) };
}

function print({ factor, name }: Monomial): Dim {
  return name === "" ? factor : factor === 1 ? name : factor === 0 ? 0 : `${factor}*${name}`;
}

/** Number of elements, itself a dimension. */
export function sizeOf(shape: Shape): Dim {
  let factor = 1;
  let name = "";
  for (const dim of shape) {
    const m = parse(dim);
    factor *= m.factor;
    if (m.name !== "") {
      if (name !== "") fail("E_DYNAMIC", `Shape ${show(shape)} has two unknown sizes.`, "Name at most one dimension.");
      name = m.name;
    }
  }
  return print({ factor, name });
}

/** Number of elements of a fully known shape. */
export function count(shape: Shape): number {
  return fixed(shape).reduce((a, b) => a * b, 1);
}

/** The shape as numbers; an error where a size is known only at run time. */
export function fixed(shape: Shape): readonly number[] {
  if (shape.some((d) => typeof d !== "number")) {
    fail("E_DYNAMIC", `Shape ${show(shape)} must be fully known here.`, "Trace this function with a fixed batch size.");
  }
  return shape as readonly number[];
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((d, i) => d === b[i]);
}

/** Resolves one -1 in `to` against the number of elements of `from`. */
export function resolveReshape(from: Shape, to: Shape): Shape {
  const total = parse(sizeOf(from));
  const hole = to.indexOf(-1);
  const known = parse(sizeOf(to.filter((d) => d !== -1)));
  if (hole < 0) {
    if (total.factor !== known.factor || total.name !== known.name) {
      fail(
        "E_SHAPE",
        `Cannot reshape ${show(from)} to ${show(to)}: the numbers of elements differ.`,
        "Let one size be -1 to have it worked out.",
      );
    }
    return to;
  }
  const name = known.name === total.name ? "" : known.name === "" ? total.name : undefined;
  const factor = total.factor / known.factor;
  if (name === undefined || !Number.isInteger(factor)) {
    fail("E_SHAPE", `Cannot reshape ${show(from)} to ${show(to)}: -1 has no whole value.`);
  }
  return to.map((d, i) => (i === hole ? print({ factor, name }) : d));
}

/** NumPy broadcasting of two shapes. */
export function broadcast(a: Shape, b: Shape, what = "broadcast"): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (x === y || y === 1) return x;
    if (x === 1) return y;
    return fail(
      "E_SHAPE",
      `Cannot ${what} ${show(a)} with ${show(b)}: ${x} against ${y}.`,
      "Sizes must be equal or 1.",
    );
  });
}

/** Axis as a number in [0, rank); negative counts from the end. */
export function axisOf(axis: number, rank: number, what = "axis"): number {
  const out = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || out < 0 || out >= rank) {
    fail("E_AXIS", `${what} ${axis} is outside a tensor of rank ${rank}.`, `Use ${-rank} to ${rank - 1}.`);
  }
  return out;
}

/** Sorted unique axes; undefined means all. */
export function axesOf(axes: number | readonly number[] | undefined, rank: number): readonly number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, i) => i);
  const list = (typeof axes === "number" ? [axes] : axes).map((a) => axisOf(a, rank));
  if (new Set(list).size !== list.length) fail("E_AXIS", `Axes [${list.join(",")}] name one axis twice.`);
  return [...list].sort((a, b) => a - b);
}

/** Row-major strides in elements. */
export function stridesOf(shape: readonly number[]): number[] {
  const out = new Array<number>(shape.length).fill(1);
  for (let i = shape.length - 2; i >= 0; i--) out[i] = out[i + 1]! * shape[i + 1]!;
  return out;
}
