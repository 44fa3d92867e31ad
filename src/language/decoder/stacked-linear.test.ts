import { expect, test } from "vitest";
import { defineModel } from "../../nn/index.ts";
import { grad, host, key, program, random, type Tensor, toNumbers } from "../../tensor/index.ts";
import { stackedLinear } from "./stacked-linear.ts";

const [WIDTH, SIZES] = [6, [5, 2, 3]];

/** Squares of all results, so that the gradient depends on them. */
const model = (bias: boolean) =>
  defineModel("stacked", [2, WIDTH], (scope, x) => {
    const parts = stackedLinear(scope, x, SIZES, bias);
    return parts.map((part) => part.mul(part).sum(-1, true)).reduce((a, b) => a.add(b));
  });

test.each([true, false])("few rows and many give the same, with the same gradients (bias: %s)", async (bias) => {
  const { init, apply, params } = model(bias);
  expect(params.entries.map(({ path, shape }) => `${path} ${shape}`)).toEqual([
    `weight 10,${WIDTH}`,
    ...(bias ? ["bias 10"] : []),
  ]);
  const run = program((weights: Tensor, buffers: Tensor, x: Tensor) => {
    const { output } = apply({ params: weights, buffers }, x);
    return { y: output, slope: grad(output.sum(), [weights])[0]! };
  });
  const weights = host(init(key(1)).params.map((_, i) => Math.sin(i)) as Float32Array);
  // Four rows are fewer than the six inputs, eight are more: the same rows twice.
  const rows = random.normal(key(2), 4 * WIDTH);
  const answers = (data: Float32Array) =>
    run(weights, host(new Float32Array(0), [0]), host(data, [data.length / WIDTH / 2, 2, WIDTH]));
  const few = await answers(rows);
  const many = await answers(Float32Array.from([...rows, ...rows]));
  const close = (x: number[], y: number[]) => expect(x).toEqual(y.map((v) => expect.closeTo(v, 4)));
  expect(few.y.data).toHaveLength(4);
  close(toNumbers(many.y), [...few.y.data, ...few.y.data].map(Number));
  close(
    toNumbers(many.slope),
    toNumbers(few.slope).map((v) => 2 * v),
  );
});
