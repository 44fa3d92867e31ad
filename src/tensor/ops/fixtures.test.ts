/** Operators with many options against PyTorch: values and gradients, in f64 and f32. */
import { describe, expect, it } from "vitest";
import { asFloat, decode, difference, readFixture, type Stored } from "../fixtures.test-helper.ts";
import { grad } from "../grad.ts";
import { program } from "../program.ts";
import type { Tensor } from "../tensor.ts";
import * as ops from "./index.ts";

type Named<T> = Readonly<Record<string, T>>;
interface Attrs {
  readonly stride: number[];
  readonly padding: number[];
  readonly dilation: number[];
  readonly outputPadding: number[];
  readonly groups: number;
  readonly kernel: number[];
  readonly ceilMode: boolean;
  readonly countPadding: boolean;
  readonly size: number[];
  readonly alignCorners: boolean;
  readonly mode: string;
  readonly axes: number[];
  readonly axis: number;
  readonly eps: number;
  readonly causal: boolean;
  readonly k: number;
  readonly largest: boolean;
  readonly before: number[];
  readonly after: number[];
  readonly reverse?: boolean;
  readonly ignore?: number;
  readonly beta: number;
  readonly equation: string;
}
interface Case {
  readonly name: string;
  readonly op: string;
  readonly attrs: Attrs;
  readonly inputs: Named<Stored>;
  readonly wanted: readonly string[];
  readonly output: Stored;
  readonly weights: Stored;
  readonly gradients: Named<Stored>;
}
type Run = (t: Named<Tensor>, a: Attrs) => Tensor;

const windows = (a: Attrs) => ({ ...a, strides: a.stride });
const perChannel = (bias: Tensor, axes: number) => bias.reshape([-1, ...Array<number>(axes).fill(1)]);
const convolution: Run = ({ x, weight, bias }, a) => ops.conv(x!, weight!, { ...windows(a), ...(bias && { bias }) });
const transposed: Run = ({ x, weight, bias }, a) =>
  ops.convTranspose(x!, weight!, windows(a)).add(perChannel(bias!, a.stride.length));
/** PyTorch's ceil mode is padding at the end, up to the next whole window. */
function padding(x: Tensor, a: Attrs): [number, number][] {
  return a.padding.map((p, i) => {
    const rest = (x.dims[i + 2]! + 2 * p - a.kernel[i]!) % a.stride[i]!;
    return [p, a.ceilMode && rest ? p + a.stride[i]! - rest : p];
  });
}
const elementwise =
  (fn: (x: Tensor) => Tensor): Run =>
  ({ x }) =>
    fn(x!);
const rowCount = (labels: Tensor) => labels.dims[0]!;

const RUN: Readonly<Record<string, Run>> = {
  conv1d: convolution,
  conv2d: convolution,
  convTranspose1d: transposed,
  convTranspose2d: transposed,
  maxPool: ({ x }, a) => ops.maxPool(x!, { ...windows(a), padding: padding(x!, a) }),
  avgPool: ({ x }, a) => ops.avgPool(x!, { ...windows(a), padding: padding(x!, a) }),
  adaptiveAvgPool: ({ x }, a) => ops.adaptiveAvgPool(x!, a.size),
  adaptiveMaxPool: ({ x }, a) => ops.adaptiveMaxPool(x!, a.size),
  gridSample: ({ x, grid }, a) => ops.gridSample(x!, grid!, { alignCorners: a.alignCorners }),
  interpolate: ({ x }, a) =>
    ops.resize(x!, a.size, { mode: a.mode === "nearest" ? "nearest" : "linear", alignCorners: a.alignCorners }),
  layerNorm: ({ x, scale, shift }, a) => ops.layerNorm(x!, scale, shift, a),
  rmsNorm: ({ x, scale }, a) => ops.rmsNorm(x!, scale, a),
  batchNorm: ({ x, scale, shift }, a) => ops.batchNorm(x!, scale!, shift!, a).y,
  batchNormEval: ({ x, scale, shift, mean, variance }, a) =>
    ops.batchNormInference(x!, scale!, shift!, mean!, variance!, a),
  groupNorm: ({ x, scale, shift }, a) => ops.groupNorm(x!, a.groups, scale, shift, a),
  instanceNorm: ({ x, scale, shift }, a) => ops.instanceNorm(x!, scale, shift, a),
  attention: ({ q, k, v, mask, bias }, { causal }) => {
    const given = mask ?? bias;
    return ops.scaledDotProductAttention(q!, k!, v!, { causal, ...(given && { mask: given }) });
  },
  gelu: elementwise(ops.gelu),
  geluTanh: elementwise(ops.geluTanh),
  softplus: elementwise(ops.softplus),
  silu: elementwise(ops.silu),
  sigmoid: elementwise(ops.sigmoid),
  tanh: elementwise(ops.tanh),
  elu: elementwise(ops.elu),
  mish: elementwise(ops.mish),
  logSigmoid: elementwise(ops.logSigmoid),
  erf: elementwise(ops.erf),
  hardSwish: elementwise(ops.hardSwish),
  softmax: ({ x }, a) => ops.softmax(x!, a.axis),
  logSoftmax: ({ x }, a) => ops.logSoftmax(x!, a.axis),
  logSumExp: ({ x }, a) => ops.logSumExp(x!, a.axes),
  cumsum: ({ x }, { axis, reverse }) =>
    reverse ? ops.flip(ops.cumsum(ops.flip(x!, axis), axis), axis) : ops.cumsum(x!, axis),
  topK: ({ x }, a) => ops.topK(x!, a.k, a.axis, a.largest).values,
  scatterElementsAdd: ({ x, updates, indices }, a) => ops.scatterElementsAdd(x!, indices!, updates!, a.axis),
  scatterAdd: ({ x, updates, indices }) => ops.scatterAdd(x!, indices!, updates!),
  gatherElements: ({ x, indices }, a) => ops.gatherElements(x!, indices!, a.axis),
  embedding: ({ weight, indices }) => ops.gather(weight!, indices!),
  padReflect: ({ x }, a) => ops.padReflect(x!, a.before, a.after),
  crossEntropy: ({ x, labels }, { ignore }) => {
    const valid = ignore === undefined ? ops.fill(1, [rowCount(labels!)], x!.dtype) : labels!.ne(ignore).cast(x!.dtype);
    const chosen = x!.logSoftmax().gatherElements(labels!.maximum(0).expandDims(1)).squeeze(1);
    return chosen.mul(valid).sum().neg().div(valid.sum());
  },
  binaryCrossEntropy: ({ x, target }) => ops.softplus(x!).sub(x!.mul(target!)).mean(),
  huber: ({ x, target }, { beta }) => {
    const d = x!.sub(target!).abs();
    return d
      .lt(beta)
      .where(d.square().mul(0.5 / beta), d.sub(beta / 2))
      .mean();
  },
  norm: ({ x }, a) => x!.square().sum(a.axes).sqrt(),
  prod: ({ x }, a) => ops.prod(x!, a.axis),
  variance: ({ x }, a) => ops.variance(x!, a.axes).mul(x!.dims[a.axes[0]!]! / (x!.dims[a.axes[0]!]! - 1)),
  einsum: ({ a, b }, { equation }) => ops.einsum(equation, a!, b!),
  matmul: ({ a, b }) => ops.matmul(a!, b!),
  normalize: ({ x }, a) => ops.l2Normalise(x!, a.axis, a.eps),
  pairwiseDistance: ({ a, b }) => a!.expandDims(1).sub(b!.expandDims(0)).square().sum(-1).sqrt(),
};

/** f64: rounding alone. f32: the kernels' rounding, relative to the largest element. */
const TOLERANCE = { f64: 1e-11, f32: 2e-5 } as const;

describe("agreement with PyTorch", () => {
  const { cases } = readFixture<{ cases: readonly Case[] }>("ops.json.gz");
  it.each(cases.map((c) => [c.name, c] as const))("%s", async (_name, c) => {
    const run = RUN[c.op]!;
    const model = program((t: { readonly [name: string]: Tensor }, weights: Tensor) => {
      const output = run(t, c.attrs);
      const loss = output.mul(weights).sum();
      return {
        output,
        gradients: grad(
          loss,
          c.wanted.map((name) => t[name]!),
        ),
      };
    });
    for (const dtype of ["f64", "f32"] as const) {
      const given = Object.fromEntries(Object.entries(c.inputs).map(([k, v]) => [k, asFloat(decode(v), dtype)]));
      const { output, gradients } = await model(given, asFloat(decode(c.weights), dtype));
      const errors = {
        output: difference(output, decode(c.output)),
        ...Object.fromEntries(c.wanted.map((name, i) => [name, difference(gradients[i]!, decode(c.gradients[name]!))])),
      };
      if (process.env.LYCEUM_SHOW)
        process.stdout.write(`fixture ${dtype} ${Math.max(...Object.values(errors)).toExponential(1)} ${c.name}\n`);
      for (const [what, error] of Object.entries(errors))
        expect(error, `${dtype} ${what}`).toBeLessThan(TOLERANCE[dtype]);
    }
    await model.release();
  });
});
