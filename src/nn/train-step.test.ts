import { afterAll, describe, expect, test } from "vitest";
import { type HostTensor, host, key, random, scalarOf, type Tensor } from "../tensor/index.ts";
import { oneHot } from "../tensor/ops/index.ts";
import { cnn } from "./models/cnn.ts";
import { mlp } from "./models/mlp.ts";
import { adamw, sgd } from "./optimisers/index.ts";
import {
  copyState,
  initState,
  type LossInput,
  type SymbolicScalars,
  type TrainState,
  trainProgram,
} from "./train-step.ts";

type Batch = { readonly x: Tensor; readonly y: Tensor };
const crossEntropy = ({ output, batch }: LossInput<Batch>) =>
  output.logSoftmax().mul(oneHot(batch.y, 3)).sum(-1).mean().neg();

/** Three Gaussian clusters in 16 dimensions, 2 standard deviations apart: easy, but not at once. */
function clusters(step: number): { x: HostTensor; y: HostTensor } {
  const y = Int32Array.from({ length: 48 }, (_, i) => i % 3);
  const centres = random.normal(key(100), 3 * 16);
  const noise = random.normal(random.fold(key(101), step), 48 * 16);
  const x = noise.map((z, i) => z + centres[y[i >> 4]! * 16 + (i & 15)]!);
  return { x: host(x, [48, 1, 4, 4]), y: host(y) };
}

const model = cnn({ inputShape: [1, 4, 4], classes: 3, stages: [{ width: 8, stride: 1 }, { width: 8 }] });
const optimiser = adamw({ lr: 1e-2, weightDecay: 0.01 });
const step = trainProgram({ model, optimiser, loss: crossEntropy, clip: 1, ema: 0.9 });
afterAll(() => step.release());

async function train(steps: number, from: TrainState, first = 1) {
  let state = from;
  const losses: number[] = [];
  for (let n = first; n < first + steps; n++) {
    const next = await step(state, clusters(n), { lr: optimiser.lr(n), step: n });
    losses.push(scalarOf(next.metrics.loss!));
    state = next.state;
  }
  return { state: copyState(state), losses };
}
const start = () => initState(model, optimiser, key(5), { ema: true });

describe("a training step", () => {
  test("learns, and twice the same bits", async () => {
    const first = await train(40, start());
    expect(first.losses.slice(-5).every((l) => l < 0.3 * first.losses[0]!)).toBe(true);
    expect(await train(40, start())).toEqual(first);
  });

  test("continues from a copied state bit for bit", async () => {
    const whole = await train(6, start());
    const half = await train(3, start());
    const rest = await train(3, half.state, 4);
    expect([...half.losses, ...rest.losses]).toEqual(whole.losses);
    expect(rest.state).toEqual(whole.state);
  });

  test("moves buffers and the average", async () => {
    const { state } = await train(1, start());
    const before = start();
    expect(state.buffers).not.toEqual(before.buffers);
    const [old, now, mean] = [before.params, state.params, state.ema!].map((t) => t.data as Float32Array);
    for (let i = 0; i < mean!.length; i++) {
      expect(Math.abs(mean![i]! - (0.9 * old![i]! + 0.1 * now![i]!))).toBeLessThan(1e-7);
    }
  });
});

test("a loss reports metrics and reads scalars of its own", async () => {
  const small = mlp({ inputShape: [1, 4, 4], classes: 3, hidden: [] });
  const opt = sgd({ lr: 0 });
  const weighted = trainProgram({
    model: small,
    optimiser: opt,
    loss: (input: LossInput<Batch, SymbolicScalars & { weight: Tensor }>) => {
      const loss = crossEntropy(input);
      return { loss: loss.mul(input.scalars.weight), metrics: { plain: loss } };
    },
  });
  const out = await weighted(initState(small, opt, key(1)), clusters(1), { lr: 0, step: 1, weight: 3 });
  await weighted.release();
  expect(scalarOf(out.metrics.loss!) / scalarOf(out.metrics.plain!)).toBeCloseTo(3, 6);
});

test("missing parts are named", async () => {
  const small = mlp({ inputShape: [1, 4, 4], classes: 3, hidden: [] });
  const opt = sgd({ lr: 0.1 });
  const averaged = trainProgram({ model: small, optimiser: opt, loss: crossEntropy, ema: 0.9 });
  await expect(averaged(initState(small, opt, key(1)), clusters(1), { lr: 0, step: 1 })).rejects.toThrow(
    "The step keeps a moving average, the state has none.",
  );
});
