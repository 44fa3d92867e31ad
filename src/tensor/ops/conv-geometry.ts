/** Sizes of convolutions: padding as people write it, padding as pairs, and the arithmetic between the two ends. */
import { fail } from "../../errors.ts";
import { show } from "../shape.ts";

/**
 * Zeros around the spatial axes: one number for all sides, "same" (output size ceil(size / stride), the odd zero at
 * the end), or per spatial axis one number or [before, after].
 */
export type Padding = number | "same" | readonly (number | readonly [number, number])[];

/** How a window slides over the spatial axes; lists have one entry per axis. */
export interface Geometry {
  readonly strides: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: readonly (readonly [number, number])[];
  readonly groups: number;
}

export function perAxis(value: number | readonly number[] | undefined, axes: number, what: string): number[] {
  const list = typeof value === "object" ? [...value] : Array<number>(axes).fill(value ?? 1);
  if (list.length !== axes || list.some((v) => !Number.isInteger(v) || v < 1)) {
    fail("E_SHAPE", `${what} [${list}] for ${axes} spatial axes.`, "Give one whole number >= 1, or one per axis.");
  }
  return list;
}

/** Elements that a dilated kernel spans. */
export function extent(kernel: number, dilation: number): number {
  return (kernel - 1) * dilation + 1;
}

export function resolvePadding(
  padding: Padding,
  size: readonly number[],
  kernel: readonly number[],
  strides: readonly number[],
  dilation: readonly number[],
): (readonly [number, number])[] {
  if (padding === "same") {
    return size.map((s, i) => {
      const span = (Math.ceil(s / strides[i]!) - 1) * strides[i]! + extent(kernel[i]!, dilation[i]!);
      const total = Math.max(span - s, 0);
      return [Math.floor(total / 2), Math.ceil(total / 2)];
    });
  }
  const list = typeof padding === "number" ? size.map(() => padding) : padding;
  const pairs = list.map((p): readonly [number, number] => (typeof p === "number" ? [p, p] : p));
  if (pairs.length !== size.length || pairs.some((p) => p.length !== 2 || p.some((v) => !Number.isInteger(v) || v < 0)))
    fail(
      "E_SHAPE",
      `Padding ${JSON.stringify(padding)} for ${size.length} spatial axes.`,
      'Give a whole number >= 0, "same", or per axis a number or [before, after].',
    );
  return pairs;
}

/** Output sizes of a sliding window. Errors: `E_SHAPE` where the window is larger than the padded input. */
export function slidingSize(size: readonly number[], kernel: readonly number[], g: Geometry, what: string): number[] {
  return size.map((s, i) => {
    const padded = s + g.padding[i]![0] + g.padding[i]![1];
    const span = extent(kernel[i]!, g.dilation[i]!);
    if (span > padded) {
      fail(
        "E_SHAPE",
        `${what}: the window spans ${span} elements of spatial axis ${i}, which has ${padded} with its padding (input ${show(size)}).`,
        "Use a smaller kernel, a smaller dilation or more padding.",
      );
    }
    return Math.floor((padded - span) / g.strides[i]!) + 1;
  });
}

/** Elements at the end of each padded axis that no window reaches. */
export function unreached(size: readonly number[], kernel: readonly number[], g: Geometry): number[] {
  return size.map((s, i) => {
    const padded = s + g.padding[i]![0] + g.padding[i]![1];
    return (padded - extent(kernel[i]!, g.dilation[i]!)) % g.strides[i]!;
  });
}

/** All positions inside a kernel, row-major. */
export function positions(kernel: readonly number[]): number[][] {
  return kernel.reduce<number[][]>(
    (all, k) => all.flatMap((p) => Array.from({ length: k }, (_, i) => [...p, i])),
    [[]],
  );
}
