/**
 * Gradients against central finite differences, in f64. A random projection turns any result into one number, so one
 * compiled program checks a whole Jacobian; a second check differentiates the gradient itself.
 */
import { describe, expect, it } from "vitest";
import { grad } from "../../grad.ts";
import { constant } from "../../graph.ts";
import { type HostTensor, host } from "../../host.ts";
import { program } from "../../program.ts";
import { fold, integers, type Key, key, normal, uniform } from "../../random.ts";
import { count, fixed } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { add, mul } from "../elementwise.ts";

/** One instance to check: a function of f64 inputs at a point. */
export interface Check {
  readonly inputs: readonly HostTensor[];
  readonly fn: (...inputs: Tensor[]) => Tensor | readonly Tensor[];
}
/** Draws an instance; `round` 0, 1, 2, ... lets a case walk through its special shapes. */
export type Case = (draw: Draw, round: number) => Check;
export interface Family {
  /** Smooth operations: first and second derivatives are checked. */
  readonly smooth?: Readonly<Record<string, Case>>;
  /** Operations with kinks, checked away from them; first derivatives only. */
  readonly piecewise?: Readonly<Record<string, Case>>;
}

/** Seeded random shapes and values. */
export class Draw {
  private readonly next: (below: number) => number;
  private draws = 0;
  constructor(private readonly from: Key) {
    this.next = integers(from);
  }
  int(low: number, high: number): number {
    return low + this.next(high - low + 1);
  }
  pick<T>(values: readonly T[]): T {
    return values[this.next(values.length)]!;
  }
  /** Sizes 1 to 4. */
  shape(rank = this.int(1, 3)): number[] {
    return Array.from({ length: rank }, () => this.int(1, 4));
  }
  /** A shape that broadcasts against `shape`: axes dropped in front or of size 1. */
  broadcastable(shape: readonly number[]): number[] {
    return shape.slice(this.int(0, shape.length)).map((d) => this.pick([1, d]));
  }
  private values(shape: readonly number[], f: (u: number, n: number) => number): HostTensor {
    const size = count(shape);
    const k = fold(this.from, ++this.draws);
    const [u, n] = [uniform(fold(k, 0), size), normal(fold(k, 1), size)];
    return host(
      Float64Array.from(u, (v, i) => f(v, n[i]!)),
      shape,
    );
  }
  normal(shape: readonly number[]): HostTensor {
    return this.values(shape, (_, n) => n);
  }
  /** Between low and high. */
  between(low: number, high: number, shape: readonly number[]): HostTensor {
    return this.values(shape, (u) => low + (high - low) * u);
  }
  /** At least 0.1 away from 0 and from the other integers: no kink of any operation is near. */
  awayFromKinks(shape: readonly number[]): HostTensor {
    return this.values(shape, (u, n) => Math.trunc(2 * n) + Math.sign(n) * (0.15 + 0.3 * u));
  }
  /** Pairwise different by at least 0.1, in random order: no ties. */
  distinct(shape: readonly number[]): HostTensor {
    const { data } = this.between(0, 1, shape);
    const rank = Array.from(data, Number)
      .map((v, i) => [v, i] as const)
      .sort((a, b) => a[0] - b[0]);
    const out = new Float64Array(data.length);
    rank.forEach(([, i], place) => {
      out[i] = 0.2 * place - 0.1 * data.length;
    });
    return host(out, shape);
  }
  /** The same draws every time a function is traced: tracing twice must build one function. */
  again(seed: number): Draw {
    return new Draw(fold(this.from, `again ${seed}`));
  }
  indices(below: number, shape: readonly number[]): Tensor {
    return constant(
      host(
        Int32Array.from({ length: count(shape) }, () => this.int(0, below - 1)),
        shape,
      ),
    );
  }
}

/** sum over results and elements of result · weight, with weights fixed by `seed`. */
function project(results: Tensor | readonly Tensor[], seed: number): Tensor {
  return ([results].flat() as Tensor[])
    .map((t, i) => {
      const weights = Float64Array.from(uniform(fold(key(seed), i), count(t.shape)), (u) => u + 0.5);
      const signs = uniform(fold(key(seed + 1), i), weights.length);
      const signed = weights.map((w, k) => (signs[k]! < 0.5 ? -w : w));
      return mul(t, constant(host(signed, fixed(t.shape)))).sum();
    })
    .reduce((a, b) => add(a, b));
}

/** The gradient of a projection of the squared results (so that linear functions have curvature), projected again. */
function projectedGradient(fn: Check["fn"]): (...inputs: Tensor[]) => Tensor {
  return (...inputs) => {
    const squares = ([fn(...inputs)].flat() as Tensor[]).map((t) => mul(t, t));
    return project(grad(project(squares, 3), inputs), 5);
  };
}

/** Step of the differences: truncation (h²) and rounding (1e-16/h) both stay near 1e-10. */
const STEP = 1e-5;

/** Largest error of the analytic gradient, relative to the largest entry of each input's numeric gradient. */
export async function gradientError({ inputs, fn }: Check): Promise<number> {
  const loss = (xs: readonly Tensor[]) => project(fn(...xs), 11);
  const evaluate = program(loss, { threads: 1 });
  const differentiate = program((xs: readonly Tensor[]) => grad(loss(xs), xs), { threads: 1 });
  try {
    const grads = await differentiate([...inputs]);
    let worst = 0;
    for (const [k, x] of inputs.entries()) {
      const at = async (i: number, step: number) => {
        const data = Float64Array.from(x.data as Float64Array);
        data[i]! += step;
        const value = await evaluate(inputs.map((other, j) => (j === k ? { ...x, data } : other)));
        return Number(value.data[0]);
      };
      let largest = 1e-3; // gradients below it are compared absolutely
      let error = 0;
      for (let i = 0; i < x.data.length; i++) {
        const numeric = ((await at(i, STEP)) - (await at(i, -STEP))) / (2 * STEP);
        largest = Math.max(largest, Math.abs(numeric));
        const difference = Math.abs(numeric - Number(grads[k]!.data[i]));
        error = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(error, difference);
      }
      worst = Math.max(worst, error / largest);
    }
    return worst;
  } finally {
    await evaluate.release();
    await differentiate.release();
  }
}

export const TOLERANCE = 1e-6;
const ROUNDS = 5;

/** One test per operation and order. */
export function checkFamily(name: string, { smooth = {}, piecewise = {} }: Family): void {
  const check = (op: string, make: Case, order: 1 | 2) =>
    it(`${op}${order === 2 ? ", second order" : ""}`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const instance = make(new Draw(fold(fold(key(20), op), round)), round);
        const fn = order === 1 ? instance.fn : projectedGradient(instance.fn);
        const error = await gradientError({ ...instance, fn });
        if (process.env.LYCEUM_SHOW) process.stdout.write(`gradcheck ${order} ${error.toExponential(1)} ${op}\n`);
        expect(error, `round ${round}, shapes ${JSON.stringify(instance.inputs.map((x) => x.shape))}`).toBeLessThan(
          TOLERANCE,
        );
      }
    });
  describe(name, () => {
    for (const [op, make] of Object.entries({ ...smooth, ...piecewise })) check(op, make, 1);
    for (const [op, make] of Object.entries(smooth)) check(op, make, 2);
  });
}
