/**
 * Symbolic tensors. Nothing computes until a program runs: a tensor is a shape, a dtype and the node that yields it.
 * The methods are the fluent face of the functions in ops/ (where each is documented in full).
 */
import type { DType } from "./dtype.ts";
import type { Node } from "./graph.ts";
import * as ops from "./ops/index.ts";
import { type Dim, fixed, type Shape, show } from "./shape.ts";

/** A tensor, or a number that takes the other operand's dtype. */
export type Operand = Tensor | number;
type Axes = number | readonly number[];

export class Tensor {
  constructor(
    readonly node: Node,
    readonly index: number,
    readonly dtype: DType,
    readonly shape: Shape,
  ) {}

  get rank(): number {
    return this.shape.length;
  }
  /** The shape as numbers. Errors: `E_DYNAMIC` where a size is known only at run time. */
  get dims(): readonly number[] {
    return fixed(this.shape);
  }
  toString(): string {
    return `${this.node.op.name} ${this.dtype}${show(this.shape)}`;
  }

  // Arithmetic, with NumPy broadcasting.
  add(b: Operand): Tensor {
    return ops.add(this, b);
  }
  sub(b: Operand): Tensor {
    return ops.sub(this, b);
  }
  mul(b: Operand): Tensor {
    return ops.mul(this, b);
  }
  div(b: Operand): Tensor {
    return ops.div(this, b);
  }
  pow(b: Operand): Tensor {
    return ops.pow(this, b);
  }
  maximum(b: Operand): Tensor {
    return ops.maximum(this, b);
  }
  minimum(b: Operand): Tensor {
    return ops.minimum(this, b);
  }
  neg(): Tensor {
    return ops.neg(this);
  }
  abs(): Tensor {
    return ops.abs(this);
  }
  sign(): Tensor {
    return ops.sign(this);
  }
  exp(): Tensor {
    return ops.exp(this);
  }
  log(): Tensor {
    return ops.log(this);
  }
  sqrt(): Tensor {
    return ops.sqrt(this);
  }
  square(): Tensor {
    return ops.mul(this, this);
  }
  reciprocal(): Tensor {
    return ops.reciprocal(this);
  }
  sin(): Tensor {
    return ops.sin(this);
  }
  cos(): Tensor {
    return ops.cos(this);
  }
  tanh(): Tensor {
    return ops.tanh(this);
  }
  erf(): Tensor {
    return ops.erf(this);
  }
  floor(): Tensor {
    return ops.floor(this);
  }
  ceil(): Tensor {
    return ops.ceil(this);
  }
  round(): Tensor {
    return ops.round(this);
  }
  clip(low: number, high: number): Tensor {
    return ops.clip(this, low, high);
  }

  // Activations.
  relu(): Tensor {
    return ops.relu(this);
  }
  sigmoid(): Tensor {
    return ops.sigmoid(this);
  }
  softplus(): Tensor {
    return ops.softplus(this);
  }
  gelu(): Tensor {
    return ops.gelu(this);
  }
  silu(): Tensor {
    return ops.silu(this);
  }
  softmax(axis = -1): Tensor {
    return ops.softmax(this, axis);
  }
  logSoftmax(axis = -1): Tensor {
    return ops.logSoftmax(this, axis);
  }

  // Comparisons give bool.
  eq(b: Operand): Tensor {
    return ops.equal(this, b);
  }
  ne(b: Operand): Tensor {
    return ops.not(ops.equal(this, b));
  }
  lt(b: Operand): Tensor {
    return ops.less(this, b);
  }
  le(b: Operand): Tensor {
    return ops.lessOrEqual(this, b);
  }
  gt(b: Operand): Tensor {
    return ops.greater(this, b);
  }
  ge(b: Operand): Tensor {
    return ops.greaterOrEqual(this, b);
  }
  and(b: Tensor): Tensor {
    return ops.and(this, b);
  }
  or(b: Tensor): Tensor {
    return ops.or(this, b);
  }
  not(): Tensor {
    return ops.not(this);
  }
  /** this ? a : b, element by element. */
  where(a: Operand, b: Operand): Tensor {
    return ops.where(this, a, b);
  }

  // Linear algebra.
  matmul(b: Tensor, options?: ops.MatmulOptions): Tensor {
    return ops.matmul(this, b, options);
  }

  // Reductions; no axes means all.
  sum(axes?: Axes, keep = false): Tensor {
    return ops.sum(this, axes, keep);
  }
  mean(axes?: Axes, keep = false): Tensor {
    return ops.mean(this, axes, keep);
  }
  max(axes?: Axes, keep = false): Tensor {
    return ops.max(this, axes, keep);
  }
  min(axes?: Axes, keep = false): Tensor {
    return ops.min(this, axes, keep);
  }
  variance(axes?: Axes, keep = false): Tensor {
    return ops.variance(this, axes, keep);
  }
  logSumExp(axes?: Axes, keep = false): Tensor {
    return ops.logSumExp(this, axes, keep);
  }
  argmax(axis = -1): Tensor {
    return ops.argmax(this, axis);
  }
  argmin(axis = -1): Tensor {
    return ops.argmin(this, axis);
  }
  cumsum(axis: number): Tensor {
    return ops.cumsum(this, axis);
  }

  // Shape.
  reshape(shape: Shape): Tensor {
    return ops.reshape(this, shape);
  }
  flatten(from = 1): Tensor {
    return ops.reshape(this, [...this.shape.slice(0, from), -1]);
  }
  expandDims(...axes: number[]): Tensor {
    return ops.expandDims(this, axes);
  }
  squeeze(...axes: number[]): Tensor {
    return ops.squeeze(this, axes);
  }
  transpose(permutation?: readonly number[]): Tensor {
    return ops.transpose(this, permutation);
  }
  broadcastTo(shape: Shape): Tensor {
    return ops.broadcastTo(this, shape);
  }
  slice(axis: number, start: number, end?: number, step = 1): Tensor {
    return ops.slice(this, axis, start, end, step);
  }
  split(axis: number, sizes: readonly number[]): Tensor[] {
    return ops.split(this, axis, sizes);
  }
  pad(before: readonly number[], after: readonly number[], value = 0): Tensor {
    return ops.pad(this, before, after, value);
  }
  tile(repeats: readonly number[]): Tensor {
    return ops.tile(this, repeats);
  }
  flip(axis: number): Tensor {
    return ops.flip(this, axis);
  }

  // Indexing by tensors.
  gather(indices: Tensor, axis = 0): Tensor {
    return ops.gather(this, indices, axis);
  }
  gatherElements(indices: Tensor, axis = -1): Tensor {
    return ops.gatherElements(this, indices, axis);
  }

  // Types and gradients.
  cast(dtype: DType): Tensor {
    return ops.cast(this, dtype);
  }
  stopGradient(): Tensor {
    return ops.stopGradient(this);
  }

  /** Size along an axis (negative counts from the end). */
  size(axis: number): Dim {
    return this.shape.at(axis)!;
  }
}
