/** Losses in lessons: adapters and state beside the student, kept in checkpoints, left out of what is handed over. */
import { describe, expect, it } from "vitest";
import { drawDigits } from "../../data/digits.ts";
import { cnn, sgd } from "../../nn/index.ts";
import { mlp } from "../../nn/models/mlp.ts";
import { host, key, program, type Tensor } from "../../tensor/index.ts";
import type { Checkpoint, Checkpoints } from "../checkpoint.ts";
import { unitInput } from "../input.ts";
import { exportNetwork, type Network, tapShapes } from "../network.ts";
import type { LessonPlan } from "../plan.ts";
import { type Taught, teach } from "../teach.ts";
import { modelTeacher, onnxTeacher, type Teacher } from "../teacher.ts";
import { createLoss, losses, parseLosses, teacherNeeds } from "./registry.ts";

const data = drawDigits(key(3), 60, "digits");
const shape = { inputShape: [1, 28, 28], classes: 10 };
const normalise = data.normalise!;
const network: Network = { model: cnn({ ...shape, stages: [{ width: 3, stride: 4 }, { width: 4 }] }), normalise };
const large: Network = { model: cnn({ ...shape, stages: [{ width: 4, stride: 4 }, { width: 6 }] }), normalise };
const flat: Network = { model: mlp({ ...shape, hidden: [8] }), normalise };
const start = large.model.init(key(9));

function planFor(text: string, teacher: Teacher, more: Partial<LessonPlan> = {}): LessonPlan {
  const student = more.network ?? network;
  const recipe = parseLosses(text).map((t) => (t.name === "crd" ? { ...t, options: { negatives: 8, width: 5 } } : t));
  const shapes = tapShapes(student, 10);
  return {
    stage: text,
    network: student,
    data,
    loss: createLoss(recipe, shapes, teacher.taps),
    teacher,
    taps: teacherNeeds(recipe, shapes, teacher.taps).taps,
    steps: 2,
    batchSize: 10,
    optimiser: sgd({ lr: 0.05, momentum: 0.9 }),
    clip: 5,
    key: key(1),
    ...more,
  };
}

async function run(plan: LessonPlan): Promise<Taught> {
  for await (const event of teach(plan)) if (event.type === "taught") return event;
  throw new Error("no result");
}

/** Checkpoints in memory, copied as a file would. */
function memory(): Checkpoints & { saved: Checkpoint[] } {
  const saved: Checkpoint[] = [];
  return {
    saved,
    load: async () => structuredClone(saved.at(-1)),
    save: async (c) => void saved.push(structuredClone(c)),
  };
}

describe("every registered loss teaches a convolutional student", () => {
  const names = Object.keys(losses).filter((name) => name !== "ce" && !losses[name]!.needs.classMeans);
  it.each(names)("%s", async (name) => {
    const teacher = await modelTeacher(large, start);
    const { params, buffers, log } = await run(planFor(name, teacher));
    expect(params).toHaveLength(network.model.params.size);
    expect(buffers).toHaveLength(network.model.buffers.size);
    expect(log.loss.every(([, loss]) => Number.isFinite(loss))).toBe(true);
    expect(exportNetwork(network, { params, buffers }).length).toBeGreaterThan(100);
  });
});

describe("state", () => {
  it.each([
    ["a student with buffers", network],
    ["a student without", flat],
  ])("is kept in checkpoints, resumed bit for bit and not handed over: %s", async (_what, student) => {
    const teacher = await modelTeacher(large, start);
    const plan = (more: Partial<LessonPlan> = {}) => planFor("crd", teacher, { network: student, steps: 6, ...more });
    const whole = await run(plan());
    const checkpoints = memory();
    const stop = new AbortController();
    const exam = {
      every: 3,
      run: async ({ buffers }: { buffers: Float32Array }) => {
        stop.abort();
        return { size: buffers.length };
      },
    };
    await expect(run(plan({ checkpoints, signal: stop.signal, exam }))).rejects.toMatchObject({ code: "E_STOPPED" });
    const { arrays, log } = checkpoints.saved.at(-1)!;
    const own = student.model.buffers.size;
    // Two banks of 60 examples and 5 numbers, two constants Z.
    expect(arrays.buffers).toHaveLength(own + 2 * 60 * 5 + 2);
    expect([...arrays.buffers!.slice(-2)].every((z) => z > 0)).toBe(true);
    expect((log as Taught["log"]).exams[0]!.metrics.size).toBe(own);
    const resumed = await run(plan({ checkpoints }));
    expect(resumed.params).toEqual(whole.params);
    expect(resumed.buffers).toEqual(whole.buffers);
    expect(resumed.buffers).toHaveLength(own);
  });

  it("is the same whether all examples lie in the step or only a batch", async () => {
    const teacher = await modelTeacher(large, start);
    // No picture is mirrored, but batches are copied instead of being picked in the step.
    const copied = planFor("crd", teacher, { augment: [{ kind: "flip", chance: 0 }] });
    const [a, b] = [await run(planFor("crd", teacher)), await run(copied)];
    expect(b.params).toEqual(a.params);
  });
});

describe("reviewkd", () => {
  it("makes the student's maps predict the teacher's", async () => {
    const teacher = await modelTeacher(large, start);
    const { log } = await run(
      planFor("reviewkd:1,ce:0", teacher, { steps: 60, optimiser: sgd({ lr: 0.1, momentum: 0.9 }) }),
    );
    const at = (share: number) => log.loss[Math.floor(share * (log.loss.length - 1))]![1];
    // The weight has grown to 1 by a twelfth of the lesson.
    expect(at(1)).toBeLessThan(0.8 * at(0.15));
  });

  it("learns the same from stored maps as from the teacher itself", async () => {
    const teacher = await modelTeacher(large, start);
    const live = planFor("reviewkd", teacher);
    const names = ["logits", ...live.taps!];
    const say = program((x: Tensor) => {
      const said = teacher.targets(unitInput(x), live.taps);
      return { logits: said.logits, ...Object.fromEntries(said.taps) } as Record<string, Tensor>;
    });
    const said = await say(host(data.inputs, [60, ...data.inputShape]));
    await say.release();
    const stored = new Map(
      names.map((n) => [n, { shape: said[n]!.shape.slice(1), data: said[n]!.data as Float32Array }]),
    );
    const { teacher: _teacher, taps: _taps, ...rest } = live;
    const [a, b] = [await run(live), await run({ ...rest, stored })];
    // The teacher ran in another batch size: its products are summed in another order.
    expect(Math.max(...a.params.map((p, i) => Math.abs(p - b.params[i]!)))).toBeLessThan(1e-4);
  });

  it("reads the stages of a teacher from a file", async () => {
    const teacher = await onnxTeacher(exportNetwork(large, start), { inputShape: shape.inputShape });
    const plan = planFor("reviewkd", teacher);
    expect(plan.taps).toHaveLength(3);
    expect((await run(plan)).params).toHaveLength(network.model.params.size);
  });

  it("needs maps: a perceptron has none", async () => {
    const teacher = await modelTeacher(large, start);
    expect(() => planFor("reviewkd", teacher, { network: flat })).toThrowError(
      expect.objectContaining({ code: "E_TAP" }),
    );
  });
});
