import { describe, expect, it } from "vitest";
import { grad } from "../grad.ts";
import { topological } from "../graph.ts";
import { type HostTensor, host, key, program, random, type Tensor, toNumbers } from "../index.ts";
import { add } from "./elementwise.ts";
import { gradientError, TOLERANCE } from "./gradients/gradcheck.test-helper.ts";
import { MATMUL, matmul } from "./matmul.ts";
import { CONCAT } from "./shaping.ts";
import { sumOfProducts } from "./sum-products.ts";

const drawn = (seed: number, shape: number[]) => {
  const count = shape.reduce((a, b) => a * b, 1);
  return host(Float64Array.from(random.normal(key(seed), count)), shape);
};
/** Two products [2, 8, 9] of inner sizes 1 and 2, and what is made of them. */
const operands = (transA: boolean, transB: boolean) =>
  [1, 2].flatMap((inner, i) => [
    drawn(2 * i, transA ? [2, inner, 8] : [2, 8, inner]),
    drawn(2 * i + 1, transB ? [2, 9, inner] : [2, inner, 9]),
  ]);

/** Runs a function of four matrices once. */
async function run(fn: (...args: [Tensor, Tensor, Tensor, Tensor]) => Tensor[], inputs: readonly HostTensor[]) {
  const compiled = program(fn);
  const results = (await compiled(...(inputs as [HostTensor, HostTensor, HostTensor, HostTensor]))) as HostTensor[];
  await compiled.release();
  return results.map(toNumbers);
}

describe("sum of products", () => {
  it.each([
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ])("is one product with the same values, transA %s, transB %s", async (transA, transB) => {
    const options = { transA, transB, alpha: 0.5 };
    const [values, wanted] = await run(
      (a, b, c, d) => {
        const [x, y] = [matmul(a, b, options), matmul(c, d, options)];
        const joined = sumOfProducts(x, y)!;
        expect(topological([joined]).filter(({ op }) => op === MATMUL)).toHaveLength(1);
        return [joined, add(x, y)];
      },
      operands(transA, transB),
    );
    expect(values!).toHaveLength(2 * 8 * 9);
    for (const [i, value] of values!.entries()) expect(value).toBeCloseTo(wanted![i]!, 12);
  });

  it("is left alone where operands are repeated, factors differ, or joining copies more than it saves", async () => {
    await run(
      (a, b, c, d) => {
        const [x, y] = [matmul(a, b), matmul(c, d)];
        expect(sumOfProducts(x, matmul(c, d, { alpha: 2 }))).toBeUndefined();
        expect(sumOfProducts(x, y.exp())).toBeUndefined();
        expect(sumOfProducts(x, matmul(c.slice(0, 0, 1), d))).toBeUndefined();
        expect(sumOfProducts(matmul(x, y, { transB: true }), matmul(y, x, { transB: true }))).toBeUndefined();
        return [x];
      },
      operands(false, false),
    );
  });

  it("gathers what several products send back to one matrix, right to second order", async () => {
    const [map, ...values] = [drawn(1, [6, 7]), drawn(2, [7, 1]), drawn(3, [7, 1]), drawn(4, [7, 1])];
    const mixed = (m: Tensor, ...vs: Tensor[]) => vs.reduce((x, v) => m.matmul(v.mul(x.sum().tanh())), vs[0]!);
    const second = (m: Tensor, ...vs: Tensor[]) => {
      const [dm] = grad(
        mixed(m, ...vs)
          .square()
          .sum(),
        [m],
      );
      const nodes = topological([dm!]);
      expect(nodes.filter(({ op, inputs }) => op === CONCAT && inputs.length === 3)).toHaveLength(2);
      return dm!.square();
    };
    const inputs = [map!, ...values];
    expect(await gradientError({ inputs, fn: (m, ...vs) => mixed(m!, ...(vs as Tensor[])) })).toBeLessThan(TOLERANCE);
    expect(await gradientError({ inputs, fn: (m, ...vs) => second(m!, ...(vs as Tensor[])) })).toBeLessThan(TOLERANCE);
  });
});
