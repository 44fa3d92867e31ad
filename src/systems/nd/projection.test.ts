/** The adapter: it trains along, costs and changes nothing else, and goes (section 7, test 8). */
import { describe, expect, it } from "vitest";
import { drawnDigits } from "../../data/digits.ts";
import { mlp, sgd } from "../../nn/index.ts";
import { crossEntropy } from "../../teaching/losses/cross-entropy.ts";
import { type Loss, weighted } from "../../teaching/losses/index.ts";
import { kd } from "../../teaching/losses/kd.ts";
import { createLoss } from "../../teaching/losses/registry.ts";
import { exportNetwork, type Network, tapShapes } from "../../teaching/network.ts";
import type { LessonPlan } from "../../teaching/plan.ts";
import { teach } from "../../teaching/teach.ts";
import { modelTeacher } from "../../teaching/teacher.ts";
import { host, key, program, random, type Tensor } from "../../tensor/index.ts";
import { importOnnx } from "../../tensor/onnx/import.ts";
import { ndArm } from "./arms.ts";
import { armLoss, type Sides } from "./loss.ts";
import { PROJECTED, withoutAdapter, withProjection } from "./projection.ts";
import { epochWarmUp } from "./warmup.ts";

const { train } = drawnDigits({ train: 320, validation: 10, test: 10 });
const about = { inputShape: [1, 28, 28], classes: 10 };
const student: Network = { model: mlp({ ...about, name: "student", hidden: [12] }) };
const wide: Network = { model: mlp({ ...about, name: "teacher", hidden: [20] }) };
const teacher = await modelTeacher(wide, wide.model.init(key(5)));
const means = random.uniform(key(6), 10 * 20);
const STEPS = 20;

const sides = (aligned: string): Sides => ({
  student: tapShapes(student),
  teacher: teacher.taps,
  embedding: { student: "features", teacher: "features" },
  aligned,
  epochs: 4,
});

async function learn(network: Network, loss: Loss): Promise<{ params: Float32Array; buffers: Float32Array }> {
  const plan: LessonPlan = {
    stage: "test",
    network,
    data: train,
    loss,
    teacher,
    taps: ["features"],
    classMeans: new Map([["features", means]]),
    steps: STEPS,
    batchSize: 64,
    optimiser: sgd({ lr: 0.05, momentum: 0.9 }),
    clip: 5,
    key: key(1),
  };
  for await (const event of teach(plan)) if (event.type === "taught") return event;
  throw new Error("not taught");
}

describe("λ = 0", () => {
  it("is the loss without ND bit for bit, without an adapter", async () => {
    const zero = await learn(student, armLoss(ndArm("KD λ=0", "kd", "wrn40-2-wrn40-1", 0), sides("features")));
    const plain = await learn(student, weighted({ ce: [1, crossEntropy()], kd: [1, epochWarmUp(4, kd())] }));
    expect(zero.params).toEqual(plain.params);
    expect(zero.params).toHaveLength(student.model.params.size);
  });

  it("and plain KD is what the registry makes of kd:0.9,ce:0.1", async () => {
    const arm = { name: "KD", base: "kd", labels: 0.1, weight: 0.9, warmUp: false, term: "nd", lambda: 0 } as const;
    const terms = [
      { name: "ce", weight: 0.1 },
      { name: "kd", weight: 0.9 },
    ];
    const ours = await learn(student, armLoss(arm, sides("features")));
    const theirs = await learn(student, createLoss(terms, tapShapes(student), teacher.taps));
    expect(ours.params).toEqual(theirs.params);
  });
});

describe("with an adapter", () => {
  const model = withProjection(student.model, "features", 20, 0.5);
  const arm = ndArm("KD++ λ=2", "kd", "wrn40-2-wrn40-1", 2);

  it("starts from the same student, answers the same, and projects beside it", async () => {
    const [plain, both] = [student.model.init(key(3)), model.init(key(3))];
    expect(both.params.subarray(0, plain.params.length)).toEqual(plain.params);
    // Batch norm (scale, bias) and linear.
    expect(model.params.size - student.model.params.size).toBe(2 * 12 + 12 * 20 + 20);
    expect([model.buffers.size, model.flops]).toEqual([24, student.model.flops]);
    const x = host(random.uniform(key(4), 3 * 784), [3, 1, 28, 28]);
    const run = (m: typeof model) =>
      program((s: { params: Tensor; buffers: Tensor }, input: Tensor) => {
        const { output, taps } = m.apply(s, input);
        return { output, projected: taps.get(PROJECTED) ?? output };
      });
    const state = (s: { params: Float32Array; buffers: Float32Array }) => ({
      params: host(s.params),
      buffers: host(s.buffers),
    });
    const a = await run(model)(state(both), x);
    const b = await run(student.model)(state(plain), x);
    expect(a.output.data).toEqual(b.output.data);
    expect(a.projected.shape).toEqual([3, 20]);
  });

  it("trains both, and leaves the student alone in the export", async () => {
    const network: Network = { model };
    const trained = await learn(network, armLoss(arm, sides(PROJECTED)));
    const own = withoutAdapter(student.model, trained);
    expect([own.params.length, own.buffers.length]).toEqual([student.model.params.size, 0]);
    const start = model.init(random.fold(key(1), "student")).params;
    const moved = trained.params.filter((value, i) => i >= own.params.length && value !== start[i]!).length;
    expect(moved).toBeGreaterThan(0.9 * (model.params.size - own.params.length));
    // Batch statistics were kept for the exam.
    expect(trained.buffers.some((value) => value !== 0 && value !== 1)).toBe(true);
    const file = importOnnx(exportNetwork(student, own));
    const stored = [...file.initializers.values()].reduce((sum, t) => sum + (t.dtype === "f32" ? t.data.length : 0), 0);
    expect(stored).toBe(student.model.params.size);
    const again = await learn(network, armLoss(arm, sides(PROJECTED)));
    expect(again.params).toEqual(trained.params);
    const without = await learn(student, armLoss({ ...arm, lambda: 0 }, sides("features")));
    expect(own.params).not.toEqual(without.params);
  });
});
