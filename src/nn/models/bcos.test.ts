/** B-cos networks: the dynamic linear map accounts for the whole answer, in either kind of model. */
import { describe, expect, it } from "vitest";
import { constant, grad, host, program, random, type Tensor, toNumbers } from "../../tensor/index.ts";
import { bcos, logitBias } from "./bcos.ts";

const inputShape = [1, 12, 12];
const stages = [{ width: 6 }, { width: 8 }, { width: 8, stride: 1 }];
const pictures = host(random.uniform(random.key(5), 3 * 144), [3, ...inputShape]);

const fill = (values: Float32Array) => constant(host(values));

async function explain(detachDynamic: boolean, train: boolean) {
  const model = bcos({ inputShape, classes: 4, stages, detachDynamic });
  const { params, buffers } = model.init(random.key(2));
  const run = program((p: Tensor, x: Tensor) => {
    const { output, taps } = model.apply({ params: p, buffers: fill(buffers) }, x, { train });
    const input = taps.get("dynamic.input")!;
    const z = taps.get("dynamic.logits")!.slice(1, 2, 3);
    const [w] = grad(z.sum(), [input]) as [Tensor];
    const spread = w.square().sum();
    return {
      logits: output,
      map: w,
      parts: w.mul(input).sum([1, 2, 3]),
      slope: grad(spread, [p])[0]!,
      kd: grad(output.square().sum(), [p])[0]!,
    };
  });
  const result = await run(host(params), pictures);
  await run.release();
  return Object.fromEntries(Object.entries(result).map(([k, v]) => [k, toNumbers(v)])) as Record<
    keyof typeof result,
    number[]
  >;
}

describe.each([true, false])("a B-cos network (detachDynamic %s)", (detach) => {
  it.each([false, true])("completeness: Σ W·[x, 1-x] + bias is the logit (training %s)", async (train) => {
    const { logits, parts } = await explain(detach, train);
    parts.forEach((sum, i) => {
      expect(sum + logitBias(4)).toBeCloseTo(logits[i * 4 + 2]!, 4);
    });
  });
});

it("both kinds answer and explain alike; only their gradients differ", async () => {
  const [a, b] = [await explain(true, false), await explain(false, false)];
  const worst = (x: number[], y: number[]) => Math.max(...x.map((v, i) => Math.abs(v - y[i]!)));
  expect(worst(a.logits, b.logits)).toBeLessThan(1e-6);
  expect(worst(a.map, b.map)).toBeLessThan(1e-6);
  const size = Math.hypot(...b.slope);
  expect(worst(a.slope, b.slope) / size).toBeGreaterThan(1e-3);
  expect(worst(a.kd, b.kd) / Math.hypot(...b.kd)).toBeGreaterThan(1e-3);
});

it("the slope of the map with respect to the weights is that of finite differences when nothing is detached", async () => {
  const model = bcos({ inputShape, classes: 4, stages });
  const { params, buffers } = model.init(random.key(2));
  const loss = (p: Tensor, x: Tensor) => {
    const { taps } = model.apply({ params: p, buffers: fill(buffers) }, x);
    return grad(taps.get("dynamic.logits")!.slice(1, 2, 3).sum(), [taps.get("dynamic.input")!])[0]!
      .square()
      .sum();
  };
  const run = program((p: Tensor, x: Tensor) => {
    const value = loss(p, x);
    return { value, slope: grad(value, [p])[0]! };
  });
  const { slope } = await run(host(params), pictures);
  const g = toNumbers(slope);
  const length = Math.hypot(...g);
  const moved = async (step: number) =>
    toNumbers((await run(host(params.map((v, i) => v + (step * g[i]!) / length)), pictures)).value)[0]!;
  const h = 1e-2;
  const difference = ((await moved(h)) - (await moved(-h))) / (2 * h);
  await run.release();
  // |cos| has kinks and the loss is f32: two per cent.
  expect(Math.abs(difference / length - 1)).toBeLessThan(0.02);
});
