import { describe, expect, it } from "vitest";
import { batches } from "../data/batches.ts";
import { drawDigits } from "../data/digits.ts";
import { adamw, sgd } from "../nn/index.ts";
import { mlp } from "../nn/models/mlp.ts";
import { key, random } from "../tensor/index.ts";
import { networkExaminee } from "./answer.ts";
import type { Checkpoint, Checkpoints } from "./checkpoint.ts";
import { probability } from "./exams/answers.ts";
import { crossEntropy } from "./losses/cross-entropy.ts";
import { fitnet } from "./losses/fitnet.ts";
import { kd } from "./losses/kd.ts";
import { weighted } from "./losses/weighted.ts";
import type { Network } from "./network.ts";
import type { LessonPlan } from "./plan.ts";
import { type Taught, type TeachEvent, teach } from "./teach.ts";
import { modelTeacher } from "./teacher.ts";

const data = drawDigits(key(3), 400, "digits");
const shape = { inputShape: [1, 28, 28], classes: 10 };
const network: Network = { model: mlp({ ...shape, hidden: [16] }), normalise: data.normalise! };
const large: Network = { model: mlp({ ...shape, name: "large", hidden: [24] }), normalise: data.normalise! };
const teacherOf = () => modelTeacher(large, large.model.init(key(9)));
const both = weighted({ ce: [0.1, crossEntropy()], kd: [0.9, kd()] });

const plan = (more: Partial<LessonPlan> = {}): LessonPlan => ({
  stage: "student",
  network,
  data,
  loss: crossEntropy(),
  steps: 30,
  batchSize: 20,
  optimiser: adamw({ lr: 2e-3 }),
  clip: 5,
  key: key(1),
  ...more,
});

async function run(more: Partial<LessonPlan> = {}, onEvent: (e: TeachEvent) => void = () => {}): Promise<Taught> {
  for await (const event of teach(plan(more))) {
    onEvent(event);
    if (event.type === "taught") return event;
  }
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

describe("teach", () => {
  it("learns, and tells the same story twice", async () => {
    const events: TeachEvent[] = [];
    const [a, b] = [await run({}, (e) => events.push(e)), await run()];
    expect(a.params).toEqual(b.params);
    expect(a.log).toEqual(b.log);
    expect(a.log.loss).toHaveLength(30);
    expect(a.log.loss.at(-1)![1]).toBeLessThan(0.7 * a.log.loss[0]![1]);
    expect(a.log.loss.at(-1)![0]).toBe(600);
    expect(events.map((e) => e.type)).toContain("progress");
    const last = events.filter((e) => e.type === "progress").at(-1)!;
    expect(last).toMatchObject({ step: 30, of: 30, secondsLeft: 0 });
    expect(Object.keys((last as { parts: object }).parts)).toEqual(["crossEntropy"]);
  });

  it("starts all losses from the same values", async () => {
    const still = { steps: 1, optimiser: sgd({ lr: 0 }) };
    const alone = await run(still);
    const taught = await run({ ...still, loss: both, teacher: await teacherOf() });
    expect(taught.params).toEqual(alone.params);
    expect((await run({ ...still, key: key(2) })).params).not.toEqual(alone.params);
  });

  it("learns the same from stored rows as from the teacher itself", async () => {
    const teacher = await teacherOf();
    const { labelDataset } = await import("./label.ts");
    const { mkdtempSync, rmSync } = await import("node:fs");
    const { tmpdir } = await import("node:os");
    const root = mkdtempSync(`${tmpdir()}/lyceum-rows-`);
    const work = labelDataset({ root, teacher, dataset: data, taps: [] });
    let next = await work.next();
    while (!next.done) next = await work.next();
    rmSync(root, { recursive: true });
    const [inside, stored] = [await run({ loss: both, teacher }), await run({ loss: both, stored: next.value })];
    // The teacher ran in another batch size: its products are summed in another order.
    const worst = Math.max(...inside.params.map((p, i) => Math.abs(p - stored.params[i]!)));
    expect(worst).toBeLessThan(1e-4);
    expect(inside.params).not.toEqual((await run()).params);
  });

  it("stopped and resumed, it ends with the same bits", async () => {
    const whole = await run({ loss: both, teacher: await teacherOf() });
    const checkpoints = memory();
    for (const stopAt of [4, 5, 17]) {
      const stop = new AbortController();
      const part = teach(
        plan({ loss: both, teacher: await teacherOf(), checkpoints, signal: stop.signal, exam: stopper(stop, stopAt) }),
      );
      await expect(drain(part)).rejects.toMatchObject({ code: "E_STOPPED" });
      expect(checkpoints.saved.at(-1)!.step).toBe(stopAt);
    }
    const states: string[] = [];
    const resumed = await run({ loss: both, teacher: await teacherOf(), checkpoints }, (e) => {
      if (e.type === "stage") states.push(e.state);
    });
    expect(states).toEqual(["resumes", "ends"]);
    expect(resumed.params).toEqual(whole.params);
    expect(resumed.log.loss).toEqual(whole.log.loss);
    expect(resumed.seconds).toBeGreaterThan(checkpoints.saved.at(-1)!.seconds);
  });

  it("trains adapters with the student and leaves them out of it", async () => {
    const loss = weighted({
      ce: [1, crossEntropy()],
      hint: [10, fitnet({ student: "features", teacher: "features" })],
    });
    const checkpoints = memory();
    const result = await run({
      loss,
      teacher: await teacherOf(),
      taps: ["features"],
      checkpoints,
      checkpointSeconds: 0,
    });
    const size = network.model.params.size;
    expect(result.params).toHaveLength(size);
    const [first, last] = [checkpoints.saved[0]!, checkpoints.saved.at(-1)!];
    expect(last.arrays.params).toHaveLength(size + 16 * 24 + 24);
    expect(last.arrays.params!.slice(size)).not.toEqual(first.arrays.params!.slice(size));
  });

  it("weighs both labels of a mixed picture", async () => {
    const mixup = { augment: [{ kind: "mixup" as const, alpha: 1 }], steps: 1, optimiser: sgd({ lr: 0 }) };
    const { log, params, buffers } = await run(mixup);
    const batch = batches(data, { ...mixup, key: random.fold(key(1), "batches"), batchSize: 20 }).batchAt(0);
    const examinee = networkExaminee(network);
    const answers = await examinee.answer({ params, buffers }, { ...data, inputs: batch.x, labels: batch.y });
    await examinee.release();
    const { lambda, y } = batch.mix!;
    const loss = (i: number, label: number) => -Math.log(probability(answers, i, label));
    const expected =
      batch.y.reduce((s, own, i) => s + lambda[i]! * loss(i, own) + (1 - lambda[i]!) * loss(i, y[i]!), 0) / 20;
    // f32 inside the step.
    expect(log.loss[0]![1]).toBeCloseTo(expected, 5);
  });

  it("stops at divergence and keeps the last good checkpoint", async () => {
    const checkpoints = memory();
    const wild = run({ optimiser: sgd({ lr: 1e30 }), clip: 1e30, checkpoints, checkpointSeconds: 0 });
    await expect(wild).rejects.toMatchObject({ code: "E_DIVERGED" });
    for (const { arrays } of checkpoints.saved) expect(arrays.params!.every(Number.isFinite)).toBe(true);
  });

  it.each([
    ["a teacher loss without a teacher", { loss: kd() }, "E_TEACHER"],
    ["no steps", { steps: 0 }, "E_TEACH_OPTION"],
    ["a batch above the data", { batchSize: 401 }, "E_TEACH_OPTION"],
    [
      "a model of another size",
      { network: { model: mlp({ ...shape, inputShape: [1, 8, 8], hidden: [4] }) } },
      "E_TEACH_OPTION",
    ],
    ["a model of other classes", { network: { model: mlp({ ...shape, classes: 7, hidden: [4] }) } }, "E_TEACH_CLASSES"],
    ["stored rows with augmentation", { stored: new Map(), augment: [{ kind: "flip" as const }] }, "E_TEACH_OPTION"],
  ])("refuses %s", async (_what, more, code) => {
    await expect(run(more)).rejects.toMatchObject({ code });
  });

  it("refuses a teacher of other classes", async () => {
    const other: Network = { model: mlp({ ...shape, classes: 3, hidden: [4] }) };
    const teacher = await modelTeacher(other, other.model.init(key(1)));
    await expect(run({ loss: both, teacher })).rejects.toMatchObject({ code: "E_TEACH_CLASSES" });
  });
});

/** Aborts when a given step has been done. */
const stopper = (stop: AbortController, at: number): NonNullable<LessonPlan["exam"]> => {
  let step = 0;
  return {
    every: 1,
    run: async () => {
      step++;
      if (step === at || resumedAt(at) === step) stop.abort();
      return {};
    },
  };
};
/** Steps done in the sitting that ends at each of 4, 5 and 17. */
const resumedAt = (at: number): number => ({ 4: 4, 5: 1, 17: 12 })[at]!;

async function drain(events: AsyncGenerator<TeachEvent, void>): Promise<void> {
  for await (const _ of events);
}
