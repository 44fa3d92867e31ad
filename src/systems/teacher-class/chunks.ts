/**
 * Chunks: how the d units of the teacher's embedding are dealt to n students. A chunking is an order of the units and
 * n consecutive ranges of it; the concatenated answers of the class are in that order, and so are the head's columns.
 *
 * When n does not divide d the last chunk is the larger one: the others keep one size, so that students can be compared.
 */
import { fail } from "../../errors.ts";
import { type Key, random } from "../../tensor/index.ts";

/** "contiguous" is the paper's; "balanced" gives every chunk about the same variance. */
export const ORDERS = ["contiguous", "random", "balanced"] as const;
export type Order = (typeof ORDERS)[number];

export interface Chunks {
  /** [d]: position p of the class's answer is unit order[p] of the teacher. */
  readonly order: Int32Array;
  /** Positions [from, to) of each student. */
  readonly bounds: readonly (readonly [from: number, to: number])[];
}

/** n consecutive ranges of 0..d. @throws E_OPTION for more students than units */
export function boundsOf(d: number, n: number): [number, number][] {
  if (!Number.isInteger(n) || n < 1 || n > d) {
    fail("E_OPTION", `A class of ${n} students cannot share an embedding of ${d} units.`, `Use 1 to ${d} students.`);
  }
  const size = Math.floor(d / n);
  return Array.from({ length: n }, (_, k) => [k * size, k === n - 1 ? d : (k + 1) * size]);
}

/** `deviation` [d]: of each unit, for "balanced". */
export function chunksOf(n: number, kind: Order, deviation: Float32Array, key: Key): Chunks {
  const d = deviation.length;
  const bounds = boundsOf(d, n);
  const inOrder = Int32Array.from({ length: d }, (_, i) => i);
  if (kind === "contiguous") return { order: inOrder, bounds };
  if (kind === "random") return { order: random.permutation(random.fold(key, "chunks"), d), bounds };
  return { order: dealt(inOrder, deviation, bounds), bounds };
}

/** Units from the most to the least variable, dealt there and back (1..n, n..1), so that sums come out alike. */
function dealt(units: Int32Array, deviation: Float32Array, bounds: Chunks["bounds"]): Int32Array {
  const ranked = [...units].sort((a, b) => deviation[b]! - deviation[a]! || a - b);
  const hands = bounds.map((): number[] => []);
  let at = 0;
  for (let round = 0; at < ranked.length; round++) {
    const seats = hands.map((_, k) => (round % 2 === 0 ? k : hands.length - 1 - k));
    for (const k of seats) {
      const [from, to] = bounds[k]!;
      if (hands[k]!.length < to - from && at < ranked.length) hands[k]!.push(ranked[at++]!);
    }
  }
  return Int32Array.from(hands.flat());
}

/** Columns `units` of z `[rows, d]`, `[rows, units.length]`. */
export function columnsOf(z: Float32Array, d: number, units: Int32Array): Float32Array {
  const rows = z.length / d;
  const width = units.length;
  const out = new Float32Array(rows * width);
  for (let i = 0; i < rows; i++) for (let j = 0; j < width; j++) out[i * width + j] = z[i * d + units[j]!]!;
  return out;
}

/** The units of student k. */
export const unitsOf = ({ order, bounds }: Chunks, k: number): Int32Array => order.subarray(...bounds[k]!);

/** Chunks `[rows, width]` side by side, `[rows, d]`, in the order of the chunks. */
export function concatenated(parts: readonly Float32Array[], { bounds }: Pick<Chunks, "bounds">): Float32Array {
  const d = bounds.at(-1)![1];
  const rows = parts[0]!.length / (bounds[0]![1] - bounds[0]![0]);
  const out = new Float32Array(rows * d);
  bounds.forEach(([from, to], k) => {
    const width = to - from;
    const part = parts[k]!;
    for (let i = 0; i < rows; i++) out.set(part.subarray(i * width, (i + 1) * width), i * d + from);
  });
  return out;
}
