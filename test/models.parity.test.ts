/**
 * Whole models against PyTorch: logits, loss, every gradient, running statistics and twenty optimiser steps.
 * The fixtures are float64 computations from float32 values (test/fixtures/full_model.py).
 */
import { readFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { parseSafetensors, type SafeTensor } from "../src/data/safetensors.ts";
import {
  getParam,
  type Layout,
  type Model,
  setParam,
  type TrainState,
  trainProgram,
  viewParams,
} from "../src/nn/index.ts";
import { gpt } from "../src/nn/models/gpt.ts";
import { gruClassifier } from "../src/nn/models/gru.ts";
import { resnet } from "../src/nn/models/resnet.ts";
import { adam, adamw, type Optimiser, sgd } from "../src/nn/optimisers/index.ts";
import { grad, type HostTensor, host, program, scalarOf, type Tensor, toNumbers, zeros } from "../src/tensor/index.ts";
import { oneHot } from "../src/tensor/ops/index.ts";

/** Mean cross entropy; logits [..., C], labels i32 [...]. */
const crossEntropy = (logits: Tensor, labels: Tensor) =>
  logits
    .logSoftmax()
    .mul(oneHot(labels, Number(logits.shape.at(-1))))
    .sum(-1)
    .mean()
    .neg();

interface Setting {
  readonly file: string;
  readonly model: Model;
  readonly optimiser: Optimiser;
  readonly clip?: number;
  readonly input: string;
  readonly labels: string;
  /** PyTorch's name of one of our paths. */
  readonly rename?: (path: string) => string;
}

const blockOf = (stage: string, block: string) => (Number(stage) - 1) * 3 + Number(block);
const SETTINGS: readonly Setting[] = [
  {
    file: "gpt",
    model: gpt({ vocabulary: 31, context: 16, width: 32, heads: 4, layers: 2 }),
    optimiser: adamw({ lr: 3e-3, betas: [0.9, 0.95], weightDecay: 0.1 }),
    clip: 0.5,
    input: "tokens",
    labels: "targets",
  },
  {
    file: "gru",
    model: gruClassifier({ inputShape: [7, 8], classes: 5, hidden: 16 }),
    optimiser: adam({ lr: 1e-2 }),
    input: "x",
    labels: "labels",
  },
  {
    file: "resnet20",
    model: resnet({ depth: 20, inputShape: [3, 16, 16], classes: 10 }),
    optimiser: sgd({ lr: 0.02, momentum: 0.9, nesterov: true, weightDecay: 5e-4 }),
    input: "x",
    labels: "labels",
    rename: (path) =>
      path
        .replace(/^conv1\./, "conv.")
        .replace(/^bn1\./, "bn.")
        .replace(/^layer(\d)\.(\d)\./, (_all, stage: string, block: string) => `blocks.${blockOf(stage, block)}.`)
        .replace("downsample", "short"),
  },
];

function read(file: string) {
  const { tensors, metadata } = parseSafetensors(
    readFileSync(new URL(`./fixtures/${file}.safetensors`, import.meta.url)),
  );
  const get = (name: string): HostTensor => tensorOf(tensors.get(name)!);
  return { get, parameters: (JSON.parse(metadata.about!) as { parameters: string[] }).parameters };
}

function tensorOf({ dtype, shape, bytes }: SafeTensor): HostTensor {
  const buffer = Uint8Array.from(bytes).buffer;
  if (dtype === "F32") return host(new Float32Array(buffer), shape);
  return dtype === "F64" ? host(new Float64Array(buffer), shape) : host(new Int32Array(buffer), shape);
}

/** Largest difference over the largest magnitude. */
function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let worst = 0;
  let scale = 0;
  for (let i = 0; i < b.length; i++) {
    worst = Math.max(worst, Math.abs(a[i]! - b[i]!));
    scale = Math.max(scale, Math.abs(b[i]!));
  }
  return worst / scale;
}
const numbers = (t: HostTensor) => t.data as Float32Array;

describe.each(SETTINGS)("$file", ({ file, model, optimiser, clip, input, labels, rename = (path) => path }) => {
  const { get, parameters } = read(file);
  const fill = (layout: Layout, flat: Float32Array, prefix: string) => {
    for (const { path } of layout.entries) setParam(layout, flat, path, get(`${prefix}.${rename(path)}`));
    return host(flat);
  };
  const start = model.init([0, 0]);
  const params = fill(model.params, start.params, "init");
  const buffers = host(start.buffers);
  const x = get(input);
  const y = get(labels);

  const once = program((p: Tensor, b: Tensor, xs: Tensor, ys: Tensor) => {
    const forward = model.apply({ params: p, buffers: b }, xs, { train: true });
    const loss = crossEntropy(forward.output, ys);
    return { loss, grads: grad(loss, [p])[0]!, output: forward.output, buffers: forward.buffers };
  });
  afterAll(() => once.release());

  test("has PyTorch's parameters in PyTorch's order", () => {
    expect(model.params.entries.map((e) => rename(e.path))).toEqual(parameters);
    for (const e of model.params.entries) expect(get(`init.${rename(e.path)}`).shape).toEqual(e.shape);
  });

  test("logits, loss and every gradient", async () => {
    const out = await once(params, buffers, x, y);
    expect(out.output.shape).toEqual(get("logits").shape);
    // A few thousand f32 roundings of 6e-8 on the way.
    expect(distance(numbers(out.output), numbers(get("logits")))).toBeLessThan(1e-5);
    expect(Math.abs(scalarOf(out.loss) / scalarOf(get("loss")) - 1)).toBeLessThan(1e-6);
    for (const [path, g] of viewParams(model.params, numbers(out.grads) as Float32Array<ArrayBuffer>)) {
      expect([path, distance(g.data, numbers(get(`grad.${rename(path)}`))) < 1e-4]).toEqual([path, true]);
    }
    for (const { path } of model.buffers.entries) {
      const mine = getParam(model.buffers, numbers(out.buffers) as Float32Array<ArrayBuffer>, path);
      expect([path, distance(numbers(mine), numbers(get(`stats.${rename(path)}`))) < 1e-5]).toEqual([path, true]);
    }
  });

  test("twenty steps follow PyTorch's losses", async () => {
    const step = trainProgram({
      model,
      optimiser,
      loss: ({ output, batch }) => crossEntropy(output, batch.y),
      ...(clip !== undefined && { clip }),
      input: (batch: { x: Tensor; y: Tensor }) => batch.x,
    });
    let state: TrainState = {
      params,
      buffers,
      slots: Array.from({ length: optimiser.slots }, () => zeros([model.params.size])),
    };
    const expected = toNumbers(get("losses"));
    // What PyTorch itself loses by computing in f32 is the yardstick.
    const f32 = toNumbers(get("losses32")).map((l, i) => Math.abs(l - expected[i]!));
    const losses: number[] = [];
    for (let i = 1; i <= 20; i++) {
      const next = await step(state, { x, y }, { lr: optimiser.lr(i), step: i });
      losses.push(scalarOf(next.metrics.loss!));
      state = next.state;
    }
    losses.push(scalarOf((await once(state.params, state.buffers, x, y)).loss));
    await step.release();
    for (const [i, l] of losses.entries()) {
      expect([i, Math.abs(l - expected[i]!) < 1e-5 + 10 * Math.max(...f32.slice(0, i + 1))]).toEqual([i, true]);
    }
    const sums = toNumbers(get("final"));
    for (const [i, path] of parameters.entries()) {
      const norm = Math.hypot(
        ...numbers(
          getParam(model.params, numbers(state.params) as Float32Array<ArrayBuffer>, model.params.entries[i]!.path),
        ),
      );
      expect([path, Math.abs(norm / sums[2 * i + 1]! - 1) < 1e-3]).toEqual([path, true]);
    }
  });
});
