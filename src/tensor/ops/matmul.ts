/**
 * Matrix products. Transposes are attributes, not nodes: ONNX Runtime's GEMM reads either layout, and a transposed
 * copy of a gradient would cost more than the product of a small layer.
 */
import { fail } from "../../errors.ts";
import { apply, type Emitter, type Node, type Op } from "../graph.ts";
import { broadcast, fixed, type Shape, show } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { mul } from "./elementwise.ts";
import { reshape, TRANSPOSE, transpose, unbroadcast } from "./shaping.ts";

export interface MatmulOptions {
  /** Swap the last two axes of the left operand first. */
  readonly transA?: boolean;
  /** Swap the last two axes of the right operand first. */
  readonly transB?: boolean;
  /** Factor on the result, free of charge. */
  readonly alpha?: number;
}

export const MATMUL: Op = {
  name: "matmul",
  vjp: ([g], n) => {
    const [a, b] = n.inputs as [Tensor, Tensor];
    const { transA: tA, transB: tB, alpha } = n.attrs as Required<MatmulOptions>;
    const da = tA ? matmul(b, g!, { transA: tB, transB: true, alpha }) : matmul(g!, b, { transB: !tB, alpha });
    const db = tB ? matmul(g!, a, { transA: true, transB: tA, alpha }) : matmul(a, g!, { transA: !tA, alpha });
    return [unbroadcast(da, a.shape), unbroadcast(db, b.shape)];
  },
  lower: (e, n, [a, b]) => {
    const [x, y] = n.inputs as [Tensor, Tensor];
    const { transA, transB, alpha } = n.attrs as Required<MatmulOptions>;
    if (x.dtype === "f64") return lowerExactly(e, n, a!, b!);
    if (!transA && !transB && alpha === 1) return e.op("MatMul", [a!, b!]);
    if (x.rank === 2 && y.rank === 2) {
      return e.op("Gemm", [a!, b!], { transA: transA ? 1 : 0, transB: transB ? 1 : 0, alpha });
    }
    if (!e.portable) {
      const attrs = { transA: transA ? 1 : 0, transB: transB ? 1 : 0, alpha };
      return e.op("FusedMatMul", [a!, b!], attrs, { domain: "com.microsoft" });
    }
    const product = matmul(transA ? transpose(x) : x, transB ? transpose(y) : y, { raw: true });
    return alpha === 1 ? product : mul(product, alpha);
  },
};

/**
 * f64. ONNX Runtime moves scalar factors into attributes of the product, which are f32 and would keep 7 digits of
 * them: sums of one term stand between.
 */
function lowerExactly(e: Emitter, n: Node, a: string, b: string): string {
  const { transA, transB, alpha } = n.attrs as Required<MatmulOptions>;
  const [x, y] = n.inputs as [Tensor, Tensor];
  const apart = (name: string) => e.op("Sum", [name]);
  const side = (name: string, t: Tensor, swap: boolean) => {
    const perm = t.shape.map((_, i) => i);
    if (swap) perm.push(...perm.splice(-2).reverse());
    return apart(swap ? e.op("Transpose", [name], { perm }) : name);
  };
  const product = apart(e.op("MatMul", [side(a, x, transA), side(b, y, transB)]));
  return alpha === 1 ? product : e.op("Mul", [product, e.scalar(alpha, "f64")]);
}

/**
 * Product of the last two axes, leading axes broadcast: [...,M,K] x [...,K,N] -> [...,M,N].
 * A matrix on the right of a stack of matrices becomes one large product.
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions & { raw?: boolean } = {}): Tensor {
  if (a.rank < 2 || b.rank < 2 || a.dtype !== b.dtype) {
    fail(
      "E_SHAPE",
      `matmul of ${a.dtype}${show(a.shape)} and ${b.dtype}${show(b.shape)}.`,
      "Both need at least 2 axes and one dtype.",
    );
  }
  let { transA = false, transB = false } = options;
  const { alpha = 1, raw = false } = options;
  if (!raw) {
    const swapped = lastTwoSwapped(a);
    if (swapped) [a, transA] = [swapped, !transA];
    const other = lastTwoSwapped(b);
    if (other) [b, transB] = [other, !transB];
  }
  const [m, k] = transA ? [a.size(-1), a.size(-2)] : [a.size(-2), a.size(-1)];
  const [k2, n] = transB ? [b.size(-1), b.size(-2)] : [b.size(-2), b.size(-1)];
  if (k !== k2) {
    fail(
      "E_SHAPE",
      `matmul of ${show(a.shape)}${transA ? "ᵀ" : ""} and ${show(b.shape)}${transB ? "ᵀ" : ""}: inner sizes ${k} and ${k2} differ.`,
      "Transpose one of them, or reshape.",
    );
  }
  if (a.rank > 2 && b.rank === 2 && !transA && !raw) {
    const rows = matmul(reshape(a, [-1, k]), b, { transB, alpha });
    return reshape(rows, [...a.shape.slice(0, -1), n]);
  }
  const lead = broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2), "matmul");
  return apply(MATMUL, [a, b], a.dtype, [...lead, m, n], { transA, transB, alpha });
}

/** The operand of an explicit transposition of the last two axes, if `t` is one. */
function lastTwoSwapped(t: Tensor): Tensor | undefined {
  if (t.node.op !== TRANSPOSE) return undefined;
  const perm = t.node.attrs.perm as number[];
  const r = t.rank;
  return perm.every((p, i) => p === (i === r - 2 ? r - 1 : i === r - 1 ? r - 2 : i)) ? t.node.inputs[0] : undefined;
}

/**
 * Einstein summation of one or two operands, as "bij,bjk->bik"; letters that appear once and not in the result are
 * summed. Lowered to one batched matmul. Errors: `E_EINSUM`.
 */
export function einsum(equation: string, ...operands: readonly Tensor[]): Tensor {
  const [left, right] = equation.replaceAll(" ", "").split("->");
  const terms = left?.split(",") ?? [];
  const bad = (why: string) => fail("E_EINSUM", `einsum "${equation}": ${why}.`, 'Write it as "bij,bjk->bik".');
  if (right === undefined || terms.length !== operands.length || operands.length > 2)
    bad("needs '->' and one term per operand (at most 2)");
  const size = new Map<string, number>();
  terms.forEach((term, i) => {
    if (term.length !== operands[i]!.rank || new Set(term).size !== term.length)
      bad(`term ${term} does not fit ${show(operands[i]!.shape)}`);
    [...term].forEach((c, axis) => {
      const d = fixed([operands[i]!.shape[axis]!])[0]!;
      if (size.has(c) && size.get(c) !== d) bad(`${c} is both ${size.get(c)} and ${d}`);
      size.set(c, d);
    });
  });
  if ([...right!].some((c) => !size.has(c)) || new Set(right).size !== right!.length)
    bad("the result has an unknown or repeated letter");
  const inOther = (c: string, i: number) => terms.some((t, j) => j !== i && t.includes(c));
  // Letters that only one operand has and the result lacks are summed first.
  const reduced = operands.map((x, i) => {
    const term = terms[i]!;
    const axes = [...term].flatMap((c, axis) => (right!.includes(c) || inOther(c, i) ? [] : [axis]));
    return { x: axes.length ? x.sum(axes) : x, term: [...term].filter((_, axis) => !axes.includes(axis)) };
  });
  const order = (from: readonly string[], to: readonly string[], x: Tensor) =>
    transpose(
      x,
      to.map((c) => from.indexOf(c)),
    );
  if (reduced.length === 1) return order(reduced[0]!.term, [...right!], reduced[0]!.x);
  const [a, b] = reduced as [(typeof reduced)[0], (typeof reduced)[0]];
  const batch = a.term.filter((c) => b.term.includes(c) && right!.includes(c));
  const inner = a.term.filter((c) => b.term.includes(c) && !right!.includes(c));
  const rows = a.term.filter((c) => !b.term.includes(c));
  const columns = b.term.filter((c) => !a.term.includes(c));
  const sizes = (letters: readonly string[]): Shape => letters.map((c) => size.get(c)!);
  const prod = (letters: readonly string[]) => letters.reduce((p, c) => p * size.get(c)!, 1);
  const x = reshape(order(a.term, [...batch, ...rows, ...inner], a.x), [...sizes(batch), prod(rows), prod(inner)]);
  const y = reshape(order(b.term, [...batch, ...inner, ...columns], b.x), [
    ...sizes(batch),
    prod(inner),
    prod(columns),
  ]);
  const product = reshape(matmul(x, y), [...sizes(batch), ...sizes(rows), ...sizes(columns)]);
  return order([...batch, ...rows, ...columns], [...right!], product);
}
