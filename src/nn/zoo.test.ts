import { expect, test } from "vitest";
import { emit } from "../tensor/compile/emitter.ts";
import { placeholder } from "../tensor/graph.ts";
import { constant, currentBackend, host, key, program, type Tensor } from "../tensor/index.ts";
import { buildModel, MODEL_NAMES } from "./zoo.ts";

const FASHION = { inputShape: [1, 28, 28], classes: 10 };
const CIFAR = { inputShape: [3, 32, 32], classes: 100 };
const TEXT = { inputShape: [128], classes: 65 };

/** The CIFAR rows are the counts of RepDistiller's and mdistiller's networks, GPT's are PyTorch's. */
test.each([
  ["mlp-tiny", FASHION, 25_450],
  ["mlp-small", FASHION, 55_050],
  ["mlp-medium", FASHION, 269_322],
  ["mlp-large", FASHION, 2_395_210],
  ["cnn-tiny", FASHION, 4_038],
  ["cnn-small", FASHION, 15_554],
  ["cnn-medium", FASHION, 99_778],
  ["cnn-large", FASHION, 395_386],
  ["resnet8", CIFAR, 83_892],
  ["resnet14", CIFAR, 181_108],
  ["resnet20", CIFAR, 278_324],
  ["resnet32", CIFAR, 472_756],
  ["resnet56", CIFAR, 861_620],
  ["resnet110", CIFAR, 1_736_564],
  ["resnet8x4", CIFAR, 1_233_540],
  ["resnet32x4", CIFAR, 7_433_860],
  ["gru-small", FASHION, 18_698],
  ["gru-large", FASHION, 222_218],
  ["gpt-0.2m", TEXT, 216_576],
  ["gpt-0.8m", TEXT, 826_368],
  ["gpt-3.2m", TEXT, 3_225_600],
] as const)("%s has its number of parameters", (name, input, count) => {
  expect(buildModel(name, input).params.size).toBe(count);
});

test("every model is counted above", () => {
  expect(MODEL_NAMES).toHaveLength(21);
});

test("multiply-adds of published networks", () => {
  // He et al. 2016 count 40.8 million multiply-adds for ResNet-20 on 32x32; the shortcuts and the head are included here.
  const { flops } = buildModel("resnet20", { inputShape: [3, 32, 32], classes: 10 });
  expect(flops / 2 / 1e6).toBeCloseTo(40.8, 1);
});

test("an unknown name suggests others", () => {
  expect(() => buildModel("cnn-smal", FASHION)).toThrow('No model is called "cnn-smal". Did you mean cnn-small');
  expect(() => buildModel("constructor", FASHION)).toThrow("No model is called");
});

test.each(["mlp-tiny", "cnn-tiny", "resnet8", "gru-small"])("%s taps its features and its output", async (name) => {
  const model = buildModel(name, FASHION);
  const { params, buffers } = model.init(key(1));
  const run = program((p: Tensor, b: Tensor, x: Tensor) => {
    const { output, taps } = model.apply({ params: p, buffers: b }, x);
    return { output, features: taps.get("features")!, tap: taps.get("output")! };
  });
  const out = await run(host(params), host(buffers), host(new Float32Array(2 * 784).fill(0.5), [2, 1, 28, 28]));
  await run.release();
  expect(out.output.shape).toEqual([2, 10]);
  expect(out.features.shape[0]).toBe(2);
  expect(out.tap).toEqual(out.output);
  expect(Array.from(out.output.data as Float32Array).every(Number.isFinite)).toBe(true);
});

test.each([
  ["mlp-tiny", FASHION],
  ["cnn-tiny", FASHION],
  ["resnet8", FASHION],
  ["gru-small", FASHION],
  ["gpt-0.2m", TEXT],
] as const)("%s exports with a free batch size, in standard ONNX", async (name, input) => {
  const model = buildModel(name, input);
  const values = model.init(key(1));
  const state = { params: constant(host(values.params)), buffers: constant(host(values.buffers)) };
  const x = placeholder("x", model.inputDtype, ["batch", ...model.inputShape]);
  const { output } = model.apply(state, x);
  expect(output.shape[0]).toBe("batch");
  const bytes = emit([{ name: "x", tensor: x }], [{ name: "y", tensor: output }], { portable: true });
  const session = await (await currentBackend()).compile(bytes);
  for (const batch of [1, 3]) {
    const size = batch * model.inputShape.reduce((a, b) => a * b);
    const data = model.inputDtype === "i32" ? new Int32Array(size) : new Float32Array(size);
    const { y } = await session.run({ x: host(data, [batch, ...model.inputShape]) });
    expect(y!.shape[0]).toBe(batch);
  }
  await session.release();
});
