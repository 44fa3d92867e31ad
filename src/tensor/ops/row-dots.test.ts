import { describe, expect, it } from "vitest";
import { grad } from "../grad.ts";
import { topological } from "../graph.ts";
import { host, key, program, random, type Tensor, toNumbers } from "../index.ts";
import { add, mul } from "./elementwise.ts";
import { gradientError, TOLERANCE } from "./gradients/gradcheck.test-helper.ts";
import { matmul } from "./matmul.ts";
import { sum } from "./reduce.ts";
import { rowDots } from "./row-dots.ts";
import { sumOfProducts } from "./sum-products.ts";

const drawn = (seed: number, shape: number[]) => {
  const count = shape.reduce((a, b) => a * b, 1);
  return host(Float64Array.from(random.normal(key(seed), count)), shape);
};
const [P, A, B, C, D] = [
  drawn(0, [2, 6, 9]),
  drawn(1, [2, 6, 2]),
  drawn(2, [2, 9, 2]),
  drawn(3, [2, 6, 1]),
  drawn(4, [2, 9, 1]),
];
/** Sizes of what is multiplied number by number. */
const multiplied = (t: Tensor) =>
  topological([t]).flatMap(({ op, outputs }) => (op.name === "mul" ? [Number(outputs[0]!.size(-1))] : []));

describe("row dots", () => {
  it("of a product, and of a sum of products, equal those of the written matrices and never write one", async () => {
    const compiled = program((p: Tensor, a: Tensor, b: Tensor, c: Tensor, d: Tensor) => {
      const x = matmul(a, b, { transB: true });
      const both = sumOfProducts(x, matmul(c, d, { transB: true }))!;
      const [one, two] = [rowDots(x, p), rowDots(both, p)];
      expect([multiplied(one), multiplied(two)]).toEqual([[2], [2, 1]]);
      const plain = (g: Tensor) => sum(mul(g, p), -1, true);
      return [one, plain(x), two, plain(both)];
    });
    const [one, wantedOne, two, wantedTwo] = (await compiled(P, A, B, C, D)).map(toNumbers);
    await compiled.release();
    expect(one).toHaveLength(12);
    for (const [i, value] of one!.entries()) expect(value).toBeCloseTo(wantedOne![i]!, 12);
    for (const [i, value] of two!.entries()) expect(value).toBeCloseTo(wantedTwo![i]!, 12);
  });

  it("leaves alone what is no product, has a factor, or has as many columns inside as outside", async () => {
    const compiled = program((p: Tensor, a: Tensor, b: Tensor) => {
      const x = matmul(a, b, { transB: true });
      const others = [add(x, 1), matmul(a, b, { transB: true, alpha: 2 }), matmul(p, matmul(p, p, { transA: true }))];
      for (const g of others) expect(multiplied(rowDots(g, p)).filter((columns) => columns < 9)).toEqual([]);
      return others.map((g) => rowDots(g, p));
    });
    const results = await compiled(P, A, B);
    expect(results.map(({ shape }) => shape)).toEqual(Array(3).fill([2, 6, 1]));
    await compiled.release();
  });

  it("gives softmax its derivative where a map weighs several values, right to second order", async () => {
    const mixed = (scores: Tensor, ...values: Tensor[]) => {
      const map = scores.softmax();
      return values.map((v) => map.matmul(v).tanh().sum()).reduce(add);
    };
    const first = (scores: Tensor, ...values: Tensor[]) => {
      const [d] = grad(mixed(scores, ...values), [scores]);
      // The map times its cotangent is written once, by softmax itself, and not a second time for its sum.
      expect(multiplied(d!).filter((columns) => columns === 9)).toHaveLength(1);
      return d!.square().sum();
    };
    const inputs = [P, B, D];
    expect(await gradientError({ inputs, fn: (s, ...vs) => mixed(s!, ...(vs as Tensor[])) })).toBeLessThan(TOLERANCE);
    expect(await gradientError({ inputs, fn: (s, ...vs) => first(s!, ...(vs as Tensor[])) })).toBeLessThan(TOLERANCE);
  });
});
