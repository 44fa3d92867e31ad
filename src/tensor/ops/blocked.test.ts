import { afterAll, describe, expect, it } from "vitest";
import { grad } from "../grad.ts";
import { type HostTensor, host, toNumbers } from "../host.ts";
import { decodeModel } from "../onnx/proto.ts";
import { program } from "../program.ts";
import { key, normal } from "../random.ts";
import { currentBackend, useBackend } from "../runtime/backend.ts";
import type { Tensor } from "../tensor.ts";
import { batchNorm } from "./batch-norm.ts";
import { type ConvOptions, conv } from "./conv.ts";
import { globalAvgPool } from "./pool.ts";

const native = await currentBackend();
afterAll(() => useBackend(native));

const draw = (seed: number, shape: readonly number[]) =>
  host(
    normal(
      key(seed),
      shape.reduce((a, b) => a * b, 1),
    ),
    shape,
  );

/** The same function with and without the blocked layout. */
async function both(fn: (...t: Tensor[]) => Tensor[], args: HostTensor[]) {
  const results: HostTensor[][] = [];
  const operators: string[] = [];
  for (const block of [native.block, 0]) {
    useBackend({ ...native, block });
    const run = program(fn);
    results.push(await run(...args));
    operators.push(...decodeModel(await run.compile(...args)).graph.node.map((n) => `${n.domain}:${n.opType}`));
    await run.release();
  }
  return { results: results as [HostTensor[], HostTensor[]], operators };
}

function expectEqual([blocked, plain]: [HostTensor[], HostTensor[]]): void {
  for (const [i, value] of blocked.entries()) {
    const [actual, expected] = [toNumbers(value), toNumbers(plain[i]!)];
    const scale = expected.reduce((m, v) => Math.max(m, Math.abs(v)), 1e-6);
    const error = actual.reduce((m, v, j) => Math.max(m, Math.abs(v - expected[j]!)), 0) / scale;
    // Sums of up to some thousand f32 products in another order.
    expect(error, `output ${i}`).toBeLessThan(1e-5);
  }
}

const CASES: [string, number[], number[], ConvOptions][] = [
  ["3x3", [4, 16, 8, 8], [32, 16, 3, 3], { padding: 1 }],
  ["no padding", [3, 16, 9, 7], [16, 16, 3, 3], {}],
  ["5x5", [2, 32, 9, 9], [16, 32, 5, 5], { padding: 2 }],
  ["dilated", [2, 16, 9, 9], [16, 16, 3, 3], { padding: 2, dilation: 2 }],
  ["1x1", [2, 32, 5, 5], [48, 32, 1, 1], {}],
  ["stride 2", [4, 16, 8, 8], [32, 16, 3, 3], { strides: 2, padding: 1 }],
  ["stride 2, odd size", [2, 16, 9, 9], [32, 16, 3, 3], { strides: 2, padding: 1 }],
  ["1x1 stride 2", [4, 16, 8, 8], [32, 16, 1, 1], { strides: 2 }],
  ["stride 3, 5x5", [2, 16, 12, 12], [16, 16, 5, 5], { strides: 3, padding: 2 }],
  ["strides 2 and 1", [2, 16, 8, 8], [16, 16, 3, 3], { strides: [2, 1], padding: 1 }],
  [
    "asymmetric padding",
    [2, 16, 8, 8],
    [16, 16, 3, 3],
    {
      padding: [
        [0, 2],
        [1, 1],
      ],
    },
  ],
  ["more padding than kernel", [2, 16, 6, 6], [16, 16, 3, 3], { padding: 3 }],
  ["three colours", [2, 3, 8, 8], [16, 3, 3, 3], { padding: 1 }],
  ["channels that no block holds", [2, 12, 8, 8], [16, 12, 3, 3], { padding: 1 }],
  ["outputs that no block holds", [2, 16, 8, 8], [10, 16, 3, 3], { padding: 1 }],
  ["depthwise", [2, 32, 8, 8], [32, 1, 3, 3], { padding: 1, groups: 32 }],
  ["many images, in chunks", [32, 16, 32, 32], [16, 16, 3, 3], { padding: 1 }],
];

describe("the blocked layout", () => {
  it.each(CASES)("convolution and both gradients: %s", async (_name, xShape, wShape, options) => {
    const { results } = await both(
      (x, w, bias) => {
        const y = conv(x!.relu().add(x!), w!, { ...options, bias: bias! });
        const loss = y.square().mul(0.5).sum();
        return [y, ...grad(loss, [x!, w!, bias!])];
      },
      [draw(1, xShape), draw(2, wShape), draw(3, [wShape[0]!])],
    );
    expectEqual(results);
  });

  it("a residual block with batch normalisation, and a second derivative", async () => {
    const { results, operators } = await both(
      (x, w1, w2, scale, bias) => {
        const h = batchNorm(conv(x!, w1!, { padding: 1 }), scale!, bias!).y.relu();
        const y = batchNorm(conv(h, w2!, { padding: 1 }), scale!, bias!)
          .y.add(h)
          .relu();
        const logits = globalAvgPool(y);
        const parameters = [w1!, w2!, scale!, bias!];
        const loss = logits.square().sum();
        const input = grad(loss, [x!])[0]!;
        return [logits, ...grad(loss, parameters), ...grad(input.square().sum(), parameters)];
      },
      [draw(1, [8, 3, 8, 8]), draw(2, [16, 3, 3, 3]), draw(3, [16, 16, 3, 3]), draw(4, [16]), draw(5, [16])],
    );
    expectEqual(results);
    if (native.block > 0) expect(operators).toContain("com.microsoft.nchwc:Conv");
  });

  it("element-wise operations with scalars and channel vectors", async () => {
    const { results } = await both(
      (x, w, v) => {
        const y = conv(x!, w!, { padding: 1 });
        const z = y
          .mul(2)
          .add(v!.reshape([1, 16, 1, 1]))
          .sub(v!.reshape([16, 1, 1]));
        return [z.tanh(), z.sum([0, 2, 3]), z.mean([2, 3]), z.mul(y).sum()];
      },
      [draw(1, [2, 16, 5, 5]), draw(2, [16, 16, 3, 3]), draw(3, [16])],
    );
    expectEqual(results);
  });
});
