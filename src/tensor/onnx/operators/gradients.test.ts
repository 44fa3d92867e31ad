/**
 * Gradients of what the importer adds to the engine's vocabulary, against central differences in f64; and f32 kernels of
 * ONNX Runtime against the formulas that their gradients come from.
 */
import { describe, expect, it } from "vitest";
import { grad } from "../../grad.ts";
import { placeholder } from "../../graph.ts";
import { type HostTensor, host, toNumbers } from "../../host.ts";
import { type Case, checkFamily, type Draw } from "../../ops/gradients/gradcheck.test-helper.ts";
import { program } from "../../program.ts";
import type { Tensor } from "../../tensor.ts";
import { type AttributeValue, model, node, port, tensor } from "../build.test-helper.ts";
import { importOnnx } from "../import.ts";

type Attributes = Readonly<Record<string, AttributeValue>>;
const float = (value: number) => ({ float: value });

/** The operator as a function of its leading (float) inputs; `stored` are the others. */
function operator(
  name: string,
  given: number,
  attributes: Attributes,
  stored: readonly HostTensor[],
  opset: number,
  used = 1,
) {
  return (...xs: Tensor[]): Tensor[] => {
    const inputs = xs.slice(0, given).map((x, i) => port(`x${i}`, x.dims, x.dtype));
    const outputs = Array.from({ length: used }, (_, i) => `y${i}`);
    const bytes = model(
      {
        inputs,
        nodes: [node(name, [...inputs.map((i) => i.name), ...stored.map((_, i) => `w${i}`)], outputs, attributes)],
        outputs: outputs.map((o) => port(o, [])),
        stored: stored.map((t, i) => tensor(`w${i}`, t)),
      },
      opset,
    );
    const applied = importOnnx(bytes).apply(Object.fromEntries(xs.map((x, i) => [`x${i}`, x])));
    return outputs.map((o) => applied.outputs[o]!);
  };
}

interface Spec {
  readonly inputs: (d: Draw) => HostTensor[];
  readonly attributes?: Attributes;
  readonly stored?: readonly HostTensor[];
  readonly opset?: number;
}
const caseOf =
  (name: string, { inputs, attributes = {}, stored = [], opset = 20 }: Spec): Case =>
  (d) => {
    const values = inputs(d);
    return { inputs: values, fn: operator(name.split(" ")[0]!, values.length, attributes, stored, opset) };
  };
const cases = (specs: Readonly<Record<string, Spec>>) =>
  Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, caseOf(name, spec)]));

const i64 = (values: readonly number[], shape: readonly number[] = [values.length]) => host(values, shape, "i64");
const any = { inputs: (d: Draw) => [d.normal(d.shape())] };
const unkinked = { inputs: (d: Draw) => [d.awayFromKinks(d.shape())] };

checkFamily("imported operators", {
  smooth: cases({
    Sinh: any,
    Cosh: any,
    Mish: any,
    "Gelu tanh": { ...any, attributes: { approximate: "tanh" } },
    Swish: { ...any, attributes: { alpha: float(1.5) }, opset: 24 },
    "ReduceProd with zeros": {
      inputs: (d) => [host(Float64Array.of(0, 2, 3, 0, 0, 5, ...toNumbers(d.normal([6]))), [4, 3])],
      stored: [i64([1])],
    },
    ReduceL2: { inputs: (d) => [d.between(0.5, 2, [3, 4])], stored: [i64([-1])], attributes: { keepdims: 0 } },
    LpNormalization: { inputs: (d) => [d.between(0.5, 2, [3, 4])] },
    LRN: { inputs: (d) => [d.normal([2, 5, 3, 2])], attributes: { size: 3, alpha: float(0.1), beta: float(0.75) } },
    MeanVarianceNormalization: { inputs: (d) => [d.normal([2, 3, 2, 2])] },
    RMSNormalization: { inputs: (d) => [d.normal([2, 3, 4]), d.normal([4])], opset: 23 },
    GroupNormalization: {
      inputs: (d) => [d.normal([2, 4, 3]), d.normal([4]), d.normal([4])],
      attributes: { num_groups: 2 },
      opset: 21,
    },
    "Conv of volumes": {
      inputs: (d) => [d.normal([1, 2, 3, 3, 2]), d.normal([2, 1, 2, 2, 2]), d.normal([2])],
      attributes: { group: 2, strides: [2, 1, 1], pads: [1, 0, 1, 0, 1, 0], dilations: [1, 2, 1] },
    },
    "ConvTranspose with output padding": {
      inputs: (d) => [d.normal([1, 2, 2, 3]), d.normal([2, 1, 2, 2]), d.normal([1])],
      attributes: { strides: [2, 2], pads: [0, 1, 1, 0], output_padding: [1, 1] },
    },
    "Softmax of opset 11": { inputs: (d) => [d.normal([2, 3, 2])], attributes: { axis: 1 }, opset: 11 },
    "LSTM both ways": {
      inputs: (d) => [d.normal([3, 2, 1]), d.normal([2, 4, 1]), d.normal([2, 4, 1]), d.normal([2, 8])],
      attributes: { hidden_size: 1, direction: "bidirectional" },
    },
    GRU: {
      inputs: (d) => [d.normal([2, 1, 1]), d.normal([1, 6, 1]), d.normal([1, 6, 2]), d.normal([1, 12])],
      attributes: { hidden_size: 2, linear_before_reset: 1 },
    },
  }),
  piecewise: cases({
    // Linear: nothing to learn from a second derivative.
    "AveragePool hanging over": {
      inputs: (d) => [d.normal([1, 2, 5, 4])],
      attributes: { kernel_shape: [2, 3], strides: [2, 2], pads: [0, 1, 0, 1], ceil_mode: 1 },
    },
    "Resize cubic": {
      inputs: (d) => [d.normal([1, 1, 4, 5])],
      attributes: { mode: "cubic" },
      stored: [host([]), host([]), i64([1, 1, 7, 3])],
    },
    "Gather negative": { inputs: (d) => [d.normal([4, 3])], stored: [i64([-1, 0, 2, -1])] },
    GatherND: { inputs: (d) => [d.normal([3, 2, 2])], stored: [i64([0, 1, 2, -1, 0, 1], [3, 2])] },
    "Pad edge": { inputs: (d) => [d.normal([2, 3])], attributes: { mode: "edge" }, stored: [i64([1, 2, 0, 1])] },
    "Pad reflect, cropping": {
      inputs: (d) => [d.normal([4, 4])],
      attributes: { mode: "reflect" },
      stored: [i64([-1, 2, 1, 0])],
    },
    DepthToSpace: { inputs: (d) => [d.normal([1, 8, 2, 1])], attributes: { blocksize: 2, mode: "CRD" } },
    Trilu: { inputs: (d) => [d.normal([2, 3, 4])], stored: [i64([1], [])], attributes: { upper: 0 } },
    "CumSum exclusive, reverse": {
      inputs: (d) => [d.normal([3, 4])],
      stored: [i64([1], [])],
      attributes: { exclusive: 1, reverse: 1 },
    },
    // Kinks.
    LeakyRelu: unkinked,
    PRelu: { inputs: (d) => [d.awayFromKinks([2, 3, 2]), d.normal([3, 1])] },
    Elu: { ...unkinked, attributes: { alpha: float(0.7) } },
    Selu: unkinked,
    Celu: { ...unkinked, attributes: { alpha: float(1.3) } },
    // Corners at ±2.5 and ±3: integers and halves are kept at a distance.
    HardSigmoid: { ...unkinked, attributes: { alpha: float(0.25), beta: float(0.5) } },
    HardSwish: unkinked,
    Softsign: unkinked,
    ThresholdedRelu: unkinked,
    Shrink: { ...unkinked, attributes: { lambd: float(1), bias: float(0.3) } },
    "MaxPool of volumes": {
      inputs: (d) => [d.distinct([1, 1, 4, 4, 3])],
      attributes: { kernel_shape: [2, 2, 2], strides: [2, 1, 1], pads: [0, 1, 0, 0, 0, 1] },
    },
    "MaxPool with ceil_mode": {
      inputs: (d) => [d.distinct([1, 2, 5, 4])],
      attributes: { kernel_shape: [2, 3], strides: [2, 2], ceil_mode: 1 },
    },
    TopK: { inputs: (d) => [d.distinct([3, 5])], stored: [i64([2])] },
    ReduceMax: { inputs: (d) => [d.distinct([3, 4])], stored: [i64([0])] },
  }),
});

describe("scatter", () => {
  const write = (name: string, reduction: string, indices: HostTensor, updates: number[]): Case => {
    return (d) => ({
      inputs: [d.normal([4, 3]), d.normal(updates)],
      fn: (x, u) => {
        const bytes = model({
          inputs: [port("x", [4, 3], "f64"), port("u", updates, "f64")],
          nodes: [node(name, ["x", "i", "u"], ["y"], { reduction, ...(name === "ScatterElements" && { axis: 1 }) })],
          outputs: [port("y", [4, 3], "f64")],
          stored: [tensor("i", indices)],
        });
        return importOnnx(bytes).apply({ x: x!, u: u! }).outputs.y!;
      },
    });
  };
  checkFamily("gradients", {
    smooth: {
      "ScatterND none": write("ScatterND", "none", i64([1, 3], [2, 1]), [2, 3]),
      "ScatterND add, repeated": write("ScatterND", "add", i64([1, 1], [2, 1]), [2, 3]),
      "ScatterElements none": write("ScatterElements", "none", i64([0, -1, 2, 1], [2, 2]), [2, 2]),
      "ScatterElements add": write("ScatterElements", "add", i64([0, 0, 2, 1], [2, 2]), [2, 2]),
    },
  });
});

describe("f32 kernels of ONNX Runtime agree with the formulas behind their gradients", () => {
  it.each<[string, Attributes]>([
    ["LeakyRelu", { alpha: float(0.2) }],
    ["Elu", { alpha: float(0.7) }],
    ["Selu", {}],
    ["Celu", { alpha: float(1.3) }],
    ["HardSigmoid", {}],
    ["HardSwish", {}],
    ["Mish", {}],
    ["Softsign", {}],
    ["Sinh", {}],
    ["Cosh", {}],
  ])("%s", async (name, attributes) => {
    const values = Array.from({ length: 41 }, (_, i) => (i - 20) / 4);
    const f = operator(name, 1, attributes, [], 20);
    const p = program((a: Tensor, b: Tensor) => [f(a)[0]!.cast("f64"), f(b)[0]!]);
    const [single, double] = await p(host(Float32Array.from(values)), host(Float64Array.from(values)));
    await p.release();
    const exact = toNumbers(double!);
    // Sinh(5) = 74: a few f32 roundings of the larger of value and 1.
    toNumbers(single!).forEach((v, i) => {
      expect(Math.abs(v - exact[i]!)).toBeLessThan(1e-6 * Math.max(1, Math.abs(exact[i]!)));
    });
  });

  /** Derivative of a function with only an f32 kernel, in closed form. */
  it.each<[string, (x: number) => number, readonly number[]]>([
    ["Tan", (x) => 1 / Math.cos(x) ** 2, [-1, 0, 0.7]],
    ["Asin", (x) => 1 / Math.sqrt(1 - x * x), [-0.6, 0, 0.7]],
    ["Acos", (x) => -1 / Math.sqrt(1 - x * x), [-0.6, 0, 0.7]],
    ["Atan", (x) => 1 / (1 + x * x), [-2, 0, 0.7]],
    ["Asinh", (x) => 1 / Math.sqrt(1 + x * x), [-2, 0, 0.7]],
    ["Acosh", (x) => 1 / Math.sqrt(x * x - 1), [1.5, 2, 3]],
    ["Atanh", (x) => 1 / (1 - x * x), [-0.6, 0, 0.7]],
  ])("slope of %s", async (name, slope, at) => {
    const p = program((x: Tensor) => grad(operator(name, 1, {}, [], 20)(x)[0]!.sum(), [x])[0]!);
    const slopes = toNumbers(await p(host(at)));
    await p.release();
    slopes.forEach((v, i) => {
      expect(v).toBeCloseTo(slope(at[i]!), 5);
    });
  });

  it("refuses a gradient it does not have", () => {
    const bytes = model(
      {
        inputs: [port("x", [4, 3])],
        nodes: [node("ScatterND", ["x", "i", "u"], ["y"], { reduction: "mul" })],
        outputs: [port("y", [4, 3])],
        stored: [tensor("i", i64([1], [1, 1])), tensor("u", host([1, 2, 3], [1, 3]))],
      },
      18,
    );
    const x = placeholder("x", "f32", [4, 3]);
    const { y } = importOnnx(bytes).apply({ x }).outputs;
    expect(() => grad(y!.sum(), [x])).toThrow(expect.objectContaining({ code: "E_ONNX_GRADIENT" }));
  });
});
