/** Learners: limits that must hold exactly, strategies that must coincide, gradients, memory. */
import { describe, expect, it } from "vitest";
import { defineModel, layers } from "../../../nn/index.ts";
import { host, key, program, random, type Tensor } from "../../../tensor/index.ts";
import { curvesOf, type Exam } from "./exam.ts";
import { linearLearner, networkLearner } from "./learner.ts";
import { crossEntropies, distance, elasticPenalty, lossAndGradient, publishedAlpha } from "./strategies.ts";
import { type Lane, learnStream, type Settings } from "./stream.ts";

const K = 4;
const D = 6;
/** Overlapping clouds: class c around 1.5 on axis c, all of them around `offset` (features behind a ReLU are positive). */
function clouds(seed: number, perClass: number, offset = 0) {
  const noise = random.normal(key(seed), K * perClass * D);
  const labels = Int32Array.from({ length: K * perClass }, (_, i) => i % K);
  const data = noise.map((x, i) => x + offset + (i % D === labels[Math.floor(i / D)]! ? 1.5 : 0));
  return { x: host(data, [labels.length, D]), labels };
}
const material = clouds(1, 320);
const exam: Exam = { name: "test", ...clouds(2, 50) };
const learner = linearLearner(D, K);
const base: Settings = {
  strategy: "naive",
  rate: 0.01,
  batchSize: 16,
  perClass: 320,
  ewcWeight: 1,
  importance: "batch",
  memory: 10,
};
const lanes: Lane[] = [
  [0, 1, 2, 3],
  [3, 1, 0, 2],
  [2, 3, 1, 0],
].map((order, i) => ({
  tasks: order.map((c) => [c]),
  key: random.fold(key(7), i),
}));

async function learn(settings: Partial<Settings>, some = lanes, who = learner, offset = 0) {
  const [taught, asked] =
    offset === 0 ? [material, exam] : [clouds(1, 320, offset), { ...exam, ...clouds(2, 50, offset) }];
  const lesson = learnStream(who, taught, some, [asked], { ...base, ...settings });
  let next = await lesson.next();
  while (!next.done) next = await lesson.next();
  return { ...next.value, curves: next.value.marks[0]!.map(curvesOf) };
}

describe("limits (test 7)", () => {
  it("is right about everything after a first task of one class, and forgets all of it at a huge rate", async () => {
    const gentle = await learn({ rate: 0.05 }, lanes, learner, 4);
    for (const { avg, t1 } of gentle.curves) expect([avg[0], t1[0]]).toEqual([1, 1]);
    const wild = await learn({ rate: 100 }, lanes, learner, 4);
    for (const { avg, t1 } of wild.curves) {
      expect(t1[0]! - t1.at(-1)!).toBe(1);
      expect(avg.at(-1)).toBeCloseTo(1 / K, 12);
    }
  });

  it("replays its way to joint training when it remembers everything", async () => {
    const all = await learn({ strategy: "replay", memory: 1000, rate: 0.03 });
    const joint = await learn({ rate: 0.03 }, [{ tasks: [[0, 1, 2, 3]], key: key(3) }]);
    const naive = await learn({ rate: 0.03 });
    const mean = (run: typeof all) => run.curves.reduce((sum, { avg }) => sum + avg.at(-1)!, 0) / run.curves.length;
    expect(mean(all)).toBeGreaterThan(mean(joint) - 0.03);
    expect(mean(all)).toBeGreaterThan(mean(naive) + 0.1);
  });
});

describe("strategies that add nothing (test 8)", () => {
  it("are naive to the bit: LwF without weight, EWC without weight", async () => {
    const naive = await learn({});
    const lwf = await learn({ strategy: "lwf", alpha: () => 0 });
    const ewc = await learn({ strategy: "ewc", ewcWeight: 0 });
    expect(lwf.params).toEqual(naive.params);
    expect(ewc.params).toEqual(naive.params);
    expect(lwf.marks).toEqual(naive.marks);
  });

  it("and differ with their weights; single lanes can have their own", async () => {
    const naive = await learn({});
    const lwf = await learn({ strategy: "lwf" });
    const ewc = await learn(
      { strategy: "ewc" },
      lanes.map((lane, i) => ({ ...lane, ewcWeight: i === 0 ? 0 : 1000 })),
    );
    expect(lwf.params).not.toEqual(naive.params);
    const size = learner.params;
    expect(ewc.params.slice(0, size)).toEqual(naive.params.slice(0, size));
    expect(ewc.params.slice(size, 2 * size)).not.toEqual(naive.params.slice(size, 2 * size));
  });

  it("publishes the weights 0, 1/2, 4/3, 9/4, 16/5 for LwF", () => {
    const shown = [0, 1, 2, 3, 4].map((k) => Math.round(1000 * publishedAlpha(k)) / 1000);
    expect(shown).toEqual([0, 0.5, 1.333, 2.25, 3.2]);
  });
});

describe("lanes", () => {
  it("learn alone what they learn in company", async () => {
    const together = await learn({});
    const alone = await learn({}, [lanes[1]!]);
    const size = learner.params;
    for (const [i, value] of alone.params.entries()) expect(value).toBeCloseTo(together.params[size + i]!, 5);
  });

  it("never answer for tasks to come", async () => {
    const { marks } = await learn({});
    expect(marks[0]![0]!.map((mark) => mark.map(Number.isNaN))).toEqual([
      [false, true, true, true],
      [false, false, true, true],
      [false, false, false, true],
      [false, false, false, false],
    ]);
  });

  it("may be a user's network, in the same program", async () => {
    const model = defineModel(
      "tiny",
      [D],
      (scope, x) => layers.linear(scope.at("out"), layers.linear(scope.at("in"), x, 8).relu(), K),
      { classes: K },
    );
    for (const strategy of ["naive", "ewc", "lwf", "replay"] as const) {
      const { curves } = await learn({ strategy, rate: 0.05 }, lanes.slice(0, 2), networkLearner({ model }, K));
      expect(curves).toHaveLength(2);
      expect(curves[0]!.avg[0]).toBe(1);
    }
    expect(() => networkLearner({ model }, K + 1)).toThrow(expect.objectContaining({ code: "E_MODEL_SHAPE" }));
  });
});

describe("formulas", () => {
  const uniform = (seed: number, shape: number[]) =>
    host(
      random.normal(
        key(seed),
        shape.reduce((a, b) => a * b, 1),
      ),
      shape,
    );
  const labels = host(Int32Array.from([0, 2, 1, 1, 3, 0]), [2, 3]);

  it("a head's gradient is x ⊗ (p - y), mean over its batch", async () => {
    const state = { params: uniform(1, [2, learner.params]), buffers: host([0, 0], [2, 1]) };
    const x = uniform(2, [2, 3, D]);
    const run = program((s: { params: Tensor; buffers: Tensor }, inputs: Tensor, y: Tensor) => ({
      gradient: lossAndGradient(learner, s, inputs, y).gradient,
      p: learner.forward(s, inputs).logits.softmax(),
    }));
    const { gradient, p } = await run(state, x, labels);
    await run.release();
    for (let lane = 0; lane < 2; lane++) {
      for (let d = 0; d < D; d++) {
        for (let k = 0; k < K; k++) {
          let expected = 0;
          for (let b = 0; b < 3; b++) {
            const error = (p.data[(lane * 3 + b) * K + k] as number) - (labels.data[lane * 3 + b] === k ? 1 : 0);
            expected += ((x.data[(lane * 3 + b) * D + d] as number) * error) / 3;
          }
          expect(gradient.data[lane * learner.params + d * K + k] as number).toBeCloseTo(expected, 5);
        }
      }
    }
  });

  it("Fisher information is the mean of the examples' squares: for batches of one, the square of the gradient", async () => {
    const state = { params: uniform(1, [2, learner.params]), buffers: host([0, 0], [2, 1]) };
    const x = uniform(4, [2, 1, D]);
    const y = host(Int32Array.from([1, 3]), [2, 1]);
    const run = program((s: { params: Tensor; buffers: Tensor }, inputs: Tensor, l: Tensor, hot: Tensor) => ({
      square: lossAndGradient(learner, s, inputs, l).gradient.square(),
      fisher: learner.fisher!(s, inputs, hot),
    }));
    const hot = host(Float32Array.from([0, 1, 0, 0, 0, 0, 0, 1]), [2, 1, K]);
    const { square, fisher } = await run(state, x, y, hot);
    await run.release();
    for (const [i, value] of (fisher.data as Float32Array).entries())
      expect(value).toBeCloseTo(square.data[i] as number, 5);
  });

  it("EWC's penalty is λ Σ F (θ - θ*)², without a half, and its gradient is 0 at θ*", async () => {
    const run = program((params: Tensor, weight: Tensor, importance: Tensor, anchors: Tensor) =>
      elasticPenalty(params, { weight, importance, params: anchors }),
    );
    const anchors = host([1, 2, 3, 4], [1, 2, 2]);
    const importance = host([2, 1, 1, 0.5], [1, 2, 2]);
    const { data } = await run(host([2, 2, 3, 6], [2, 2]), host([10, 100], [2, 1]), importance, anchors);
    expect([...data]).toEqual([10 * 2, 100 * 0.5 * 4]);
    await run.release();
    const step = program((params: Tensor, x: Tensor, y: Tensor, weight: Tensor, f: Tensor, theta: Tensor) => {
      const state = { params, buffers: params.slice(1, 0, 1) };
      return {
        ce: lossAndGradient(learner, state, x, y).gradient,
        ewc: lossAndGradient(learner, state, x, y, { ewc: { weight, importance: f, params: theta } }).gradient,
      };
    });
    const params = uniform(5, [2, learner.params]);
    const f = uniform(6, [1, 2, learner.params]);
    const { ce, ewc } = await step(params, uniform(2, [2, 3, D]), labels, host([9, 9], [2, 1]), f, {
      ...params,
      shape: [1, 2, learner.params],
    });
    expect(ewc.data).toEqual(ce.data);
    await step.release();
  });

  it("LwF's distance is the divergence over the seen classes only", async () => {
    const run = program((old: Tensor, now: Tensor, seen: Tensor) => distance(old, now, seen, 2));
    const old = [1, -1, 5, 0];
    const now = [0, 1, -3, 2];
    const { data } = await run(host(old, [1, 1, 4]), host(now, [1, 1, 4]), host([1, 1, 0, 0], [1, 1, 4]));
    await run.release();
    const soft = (a: number, b: number) => 1 / (1 + Math.exp((b - a) / 2));
    const [p, q] = [soft(1, -1), soft(0, 1)];
    expect(data[0] as number).toBeCloseTo(p * Math.log(p / q) + (1 - p) * Math.log((1 - p) / (1 - q)), 5);
  });

  it("cross-entropy of two equal logits is log 2", async () => {
    const run = program((z: Tensor, y: Tensor) => crossEntropies(z, y));
    const { data } = await run(host([3, 3], [1, 1, 2]), host(Int32Array.from([1]), [1, 1]));
    await run.release();
    expect(data[0] as number).toBeCloseTo(Math.LN2, 6);
  });
});
