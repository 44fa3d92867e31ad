/** 300 random expression graphs against PyTorch: losses and gradients, in f64 and f32. */
import { describe, expect, it } from "vitest";
import { asFloat, decode, difference, readFixture, type Stored } from "./fixtures.test-helper.ts";
import { grad } from "./grad.ts";
import { constant } from "./graph.ts";
import { host, toNumbers } from "./host.ts";
import * as ops from "./ops/index.ts";
import { add } from "./ops/index.ts";
import { program } from "./program.ts";
import type { Tensor } from "./tensor.ts";

interface Integers {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
interface Applied {
  readonly op: string;
  readonly in: readonly number[];
  readonly out: readonly number[];
  readonly alpha: number;
  readonly low: number;
  readonly high: number;
  readonly exponent: number;
  readonly scale: number;
  readonly shift: number;
  readonly condition: Integers;
  readonly indices: Integers;
  readonly labels: Integers;
  readonly axes: number[] | null;
  readonly keep: boolean;
  readonly axis: number;
  readonly eps: number;
  readonly shape: number[];
  readonly permutation: number[];
  readonly repeats: number[];
  readonly start: number;
  readonly end: number | null;
  readonly step: number;
  readonly before: number[];
  readonly after: number[];
  readonly value: number;
  readonly k: number;
  readonly largest: boolean;
  readonly descending: boolean;
  readonly equation: string;
  readonly stride: number & number[];
  readonly padding: number & number[];
  readonly dilation: number & number[];
  readonly outputPadding: number & number[];
  readonly groups: number;
  readonly kernel: number[];
  readonly countPadding: boolean;
}
interface Graph {
  readonly leaves: readonly Stored[];
  readonly nodes: readonly Applied[];
  readonly outputs: readonly { id: number; weights: Stored }[];
  readonly loss: number;
  readonly gradients: readonly Stored[];
}

const whole = ({ data, shape }: Integers) => constant(host(Int32Array.from(data), shape));
type Run = (inputs: readonly Tensor[], a: Applied) => Tensor;
const one =
  (fn: (x: Tensor, a: Applied) => Tensor): Run =>
  ([x], a) =>
    fn(x!, a);
const two =
  (fn: (x: Tensor, y: Tensor, a: Applied) => Tensor): Run =>
  ([x, y], a) =>
    fn(x!, y!, a);
type Reduction = (x: Tensor, axes?: number | readonly number[], keep?: boolean) => Tensor;
const reduction = (fn: Reduction) => one((x, { axes, keep }) => fn(x, axes ?? undefined, keep));
/** Convolutions give numbers or pairs; ours take lists per axis. */
const slide = (x: Tensor, a: Applied) => {
  const list = (v: number | number[]) => (typeof v === "number" ? Array<number>(x.rank - 2).fill(v) : v);
  return { strides: list(a.stride), padding: list(a.padding), groups: a.groups ?? 1, dilation: list(a.dilation ?? 1) };
};

const RUN: Readonly<Record<string, Run>> = {
  ...Object.fromEntries(
    (
      [
        ["neg", ops.neg],
        ["abs", ops.abs],
        ["exp", ops.exp],
        ["log", ops.log],
        ["sqrt", ops.sqrt],
        ["reciprocal", ops.reciprocal],
        ["sin", ops.sin],
        ["cos", ops.cos],
        ["tanh", ops.tanh],
        ["sigmoid", ops.sigmoid],
        ["relu", ops.relu],
        ["erf", ops.erf],
        ["softplus", ops.softplus],
        ["silu", ops.silu],
        ["gelu", ops.gelu],
        ["geluTanh", ops.geluTanh],
        ["stopGradient", ops.stopGradient],
      ] as const
    ).map(([name, fn]) => [name, one(fn)]),
  ),
  leakyRelu: one((x, a) => ops.leakyRelu(x, a.alpha)),
  elu: one((x, a) => ops.elu(x, a.alpha)),
  clip: one((x, a) => ops.clip(x, a.low, a.high)),
  powScalar: one((x, a) => ops.pow(x, a.exponent)),
  affine: one((x, a) => x.mul(a.scale).add(a.shift)),
  add: two(ops.add),
  sub: two(ops.sub),
  mul: two(ops.mul),
  div: two(ops.div),
  maximum: two(ops.maximum),
  minimum: two(ops.minimum),
  pow: two(ops.pow),
  where: two((x, y, a) => ops.where(whole(a.condition).gt(0), x, y)),
  whereGreater: ([a, b, c, d]) => ops.where(ops.greater(a!, b!), c!, d!),
  sum: reduction(ops.sum),
  mean: reduction(ops.mean),
  max: reduction(ops.max),
  min: reduction(ops.min),
  logSumExp: reduction(ops.logSumExp),
  variance: reduction(ops.variance),
  norm: reduction((x, axes, keep) => x.square().sum(axes, keep).sqrt()),
  softmax: one((x, a) => ops.softmax(x, a.axis)),
  logSoftmax: one((x, a) => ops.logSoftmax(x, a.axis)),
  cumsum: one((x, a) => ops.cumsum(x, a.axis)),
  flip: one((x, a) => ops.flip(x, a.axis)),
  layerNorm: ([x, s, b], a) => ops.layerNorm(x!, s, b, a),
  rmsNorm: ([x, s], a) => ops.rmsNorm(x!, s, a),
  batchNorm: ([x, s, b], a) => ops.batchNorm(x!, s!, b!, a).y,
  reshape: one((x, a) => ops.reshape(x, a.shape)),
  broadcastTo: one((x, a) => ops.broadcastTo(x, a.shape)),
  transpose: one((x, a) => ops.transpose(x, a.permutation)),
  expandDims: one((x, a) => ops.expandDims(x, a.axes!)),
  squeeze: one((x, a) => ops.squeeze(x, a.axes!)),
  tile: one((x, a) => ops.tile(x, a.repeats)),
  slice: one((x, a) => ops.slice(x, a.axis, a.start, a.end ?? undefined, a.step)),
  pad: one((x, a) => ops.pad(x, a.before, a.after, a.value)),
  padReflect: one((x, a) => ops.padReflect(x, a.before, a.after)),
  concat: (xs, a) => ops.concat(xs, a.axis),
  stack: (xs, a) => ops.stack(xs, a.axis),
  gather: one((x, a) => ops.gather(x, whole(a.indices), a.axis)),
  gatherElements: one((x, a) => ops.gatherElements(x, whole(a.indices), a.axis)),
  scatterAdd: two((x, u, a) => ops.scatterAdd(x, whole(a.indices), u)),
  scatterElementsAdd: two((x, u, a) => ops.scatterElementsAdd(x, whole(a.indices), u, a.axis)),
  topK: one((x, a) => ops.topK(x, a.k, a.axis, a.largest).values),
  sort: one((x, a) => ops.sort(x, a.axis, a.descending).values),
  matmul: two((x, y) => ops.matmul(x, y)),
  matmulT: two((x, y) => ops.matmul(x, y, { transB: true })),
  tMatmul: two((x, y) => ops.matmul(x, y, { transA: true })),
  linear: ([x, w, b]) => ops.matmul(x!, w!, { transB: true }).add(b!),
  einsum: (xs, a) => ops.einsum(a.equation, ...xs),
  conv1d: two((x, w, a) => ops.conv(x, w, slide(x, a))),
  conv2d: two((x, w, a) => ops.conv(x, w, slide(x, a))),
  convTranspose2d: two((x, w, a) => ops.convTranspose(x, w, { ...slide(x, a), outputPadding: a.outputPadding })),
  maxPool2d: one((x, a) => ops.maxPool(x, { ...slide(x, a), kernel: a.kernel })),
  avgPool2d: one((x, a) => ops.avgPool(x, { ...slide(x, a), kernel: a.kernel, countPadding: a.countPadding })),
  upsampleNearest: one((x, a) => ops.upsample(x, [a.scale, a.scale])),
  crossEntropy: one((x, a) => {
    const chosen = x.logSoftmax().gatherElements(whole(a.labels).expandDims(1));
    return chosen.mean().neg();
  }),
};

function trace(graph: Graph, leaves: readonly Tensor[]): Tensor {
  const values = [...leaves];
  for (const n of graph.nodes) {
    const value = RUN[n.op]!(
      n.in.map((id) => values[id]!),
      n,
    );
    expect(value.shape, n.op).toEqual(n.out);
    values.push(value);
  }
  return graph.outputs
    .map(({ id, weights }) => {
      const value = values[id]!;
      return value.mul(constant(asFloat(decode(weights), value.dtype as "f32" | "f64"))).sum();
    })
    .reduce((a, b) => add(a, b));
}

/**
 * f64: rounding, amplified by what the graph amplifies. f32: the generator kept graphs on which PyTorch's own f32 is
 * within 1e-4. Both relative to the leaf's largest gradient or a tenth of the graph's, whichever is larger: where
 * contributions cancel exactly, their rounding remains.
 */
const TOLERANCE = { f64: 1e-10, f32: 1e-4 } as const;
const CHUNK = 30;

describe("random graphs", () => {
  const { graphs } = readFixture<{ graphs: readonly Graph[] }>("random_graphs.json.gz");
  const chunks = Array.from({ length: Math.ceil(graphs.length / CHUNK) }, (_, i) => i * CHUNK);
  it.each(chunks)("have the losses and gradients of PyTorch, from number %i", async (first) => {
    for (const [i, graph] of graphs.slice(first, first + CHUNK).entries()) {
      const model = program(
        (leaves: readonly Tensor[]) => {
          const loss = trace(graph, leaves);
          return { loss, gradients: grad(loss, leaves) };
        },
        { threads: 1 },
      );
      for (const dtype of ["f64", "f32"] as const) {
        const { loss, gradients } = await model(graph.leaves.map((leaf) => asFloat(decode(leaf), dtype)));
        const expected = graph.gradients.map(decode);
        const largest = Math.max(0.1, ...expected.flatMap((g) => toNumbers(g).map(Math.abs)));
        const errors = [
          Math.abs(toNumbers(loss)[0]! - graph.loss) / Math.max(1, Math.abs(graph.loss)),
          ...gradients.map((g, k) => difference(g, expected[k]!, largest / 10)),
        ];
        const worst = Math.max(...errors);
        if (process.env.LYCEUM_SHOW)
          process.stdout.write(
            `graph ${dtype} ${worst.toExponential(1)} ${first + i} ${graph.nodes.map((n) => n.op)}\n`,
          );
        expect(
          errors.every((error) => error < TOLERANCE[dtype]),
          `graph ${first + i} ${dtype}: ${errors}`,
        ).toBe(true);
      }
      await model.release();
    }
  });
});
