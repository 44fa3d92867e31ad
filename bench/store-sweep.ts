/**
 * `npx tsx bench/store-sweep.ts [--students 10] [--epochs 3] [--train 10000] [--teacher cnn-large]
 * [--student cnn-tiny]`: a sweep of students with the teacher
 * inside every step, and with its answers from the store (labelling included); the students must be equal bit for bit.
 * What is saved grows with the teacher's cost beside the student's, so a result names both.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { firstExamples, type Split } from "../src/data/dataset.ts";
import { resolveData } from "../src/data/resolve.ts";
import { labelDataset } from "../src/teaching/label.ts";
import { findModel } from "../src/teaching/lesson/cast.ts";
import { optimiserFor, type Recipe } from "../src/teaching/lesson/recipe.ts";
import { createLoss, parseLosses } from "../src/teaching/losses/index.ts";
import type { Network } from "../src/teaching/network.ts";
import type { LessonPlan } from "../src/teaching/plan.ts";
import { teach } from "../src/teaching/teach.ts";
import { modelTeacher } from "../src/teaching/teacher.ts";
import { key } from "../src/tensor/index.ts";
import { machine } from "./machine.ts";

const { values } = parseArgs({
  options: {
    students: { type: "string", default: "10" },
    epochs: { type: "string", default: "3" },
    train: { type: "string", default: "10000" },
    teacher: { type: "string", default: "cnn-large" },
    student: { type: "string", default: "cnn-tiny" },
    data: { type: "string", default: process.env.LYCEUM_DATA ? "fashion-mnist" : "drawn-digits" },
    out: { type: "string" },
  },
});
const students = Number(values.students);
const split: Split = await resolveData(values.data);
const train = firstExamples(split.train, Number(values.train));
const network = async (name: string): Promise<Network> => ({
  model: await findModel(name, train),
  ...(train.normalise && { normalise: train.normalise }),
});
// Untrained: what its answers are makes no difference to the time.
const big = await network(values.teacher);
const teacher = await modelTeacher(big, big.model.init(key(7)));
const small = await network(values.student);
const recipe: Recipe = {
  epochs: Number(values.epochs),
  batchSize: 128,
  optimiser: "sgd",
  rate: 0.1,
  decay: 5e-4,
  augment: [],
};
const steps = recipe.epochs * Math.floor(train.labels.length / recipe.batchSize);

async function student(seed: number, knowledge: Pick<LessonPlan, "teacher" | "stored">): Promise<Float32Array> {
  const plan: LessonPlan = {
    stage: `student ${seed}`,
    network: small,
    data: train,
    loss: createLoss(parseLosses("kd"), new Map(), new Map()),
    ...knowledge,
    steps,
    batchSize: recipe.batchSize,
    optimiser: optimiserFor(small.model, recipe, steps),
    key: key(seed),
  };
  for await (const event of teach(plan)) if (event.type === "taught") return event.params;
  throw new Error("no student");
}

const store = mkdtempSync(join(os.tmpdir(), "lyceum-sweep-"));
const seconds = { inStep: 0, stored: 0 };
const timed = async <T>(side: keyof typeof seconds, work: () => Promise<T>): Promise<T> => {
  const start = performance.now();
  const result = await work();
  seconds[side] += (performance.now() - start) / 1000;
  return result;
};
let different = 0;
try {
  for (let seed = 1; seed <= students; seed++) {
    // Interleaved: a busy minute hits both.
    const live = await timed("inStep", () => student(seed, { teacher }));
    const kept = await timed("stored", async () => {
      const work = labelDataset({ root: store, teacher, dataset: train, taps: [] });
      let next = await work.next();
      while (!next.done) next = await work.next();
      return student(seed, { stored: next.value });
    });
    if (!live.every((value, i) => Object.is(value, kept[i]))) different++;
    process.stderr.write(
      `… ${seed} of ${students}: ${seconds.inStep.toFixed(1)} s against ${seconds.stored.toFixed(1)} s\n`,
    );
  }
} finally {
  rmSync(store, { recursive: true, force: true });
}
const record = {
  ...machine(),
  date: new Date().toISOString(),
  ...{ students, steps, train: train.labels.length, data: values.data },
  teacher: { name: values.teacher, params: teacher.params, flops: teacher.flops },
  student: { name: values.student, params: small.model.params.size, flops: small.model.flops },
  seconds,
  speedup: seconds.inStep / seconds.stored,
  studentsThatDiffer: different,
};
process.stdout.write(
  `${students} students of ${steps} steps: ${seconds.inStep.toFixed(1)} s with the teacher in the step, ` +
    `${seconds.stored.toFixed(1)} s with the store: ${record.speedup.toFixed(2)} times faster; ` +
    `${different === 0 ? "all equal bit for bit" : `${different} differ`}.\n`,
);
if (values.out) writeFileSync(values.out, `${JSON.stringify(record, null, 1)}\n`);
if (different > 0) process.exitCode = 1;
