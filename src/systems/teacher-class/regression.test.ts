/** Phase 1, feed-forward: what it reaches, what it depends on, and what it must not read. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ArrayDataset, Split } from "../../data/dataset.ts";
import { drawnDigits } from "../../data/digits.ts";
import { defineModel, layers, mlp } from "../../nn/index.ts";
import { accuracy } from "../../teaching/exams/index.ts";
import { teacherTargets } from "../../teaching/losses/loss.ts";
import { constant, evaluate, grad, host, key, random } from "../../tensor/index.ts";
import type { Trained } from "../kit/learn.ts";
import { chunksOf, columnsOf, concatenated, unitsOf } from "./chunks.ts";
import { type Head, headLogits } from "./head.ts";
import { type ChunkLesson, learnChunk, meanSquaredError } from "./regression.ts";
import { rSquared } from "./statistics.ts";
import { answersOf, withOutputs } from "./student.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), "lyceum-teacher-class-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

let lessons = 0;
async function learnt(data: Split, lesson: ChunkLesson): Promise<Trained> {
  const work = learnChunk({ data, folder: path.join(root, `${lessons++}`) }, lesson);
  let next = await work.next();
  while (!next.done) next = await work.next();
  return next.value;
}

/** A linear teacher on vectors: z = A·x, logits = W·z. */
const [inputs, d, classes, rows] = [10, 8, 3, 512];
const x = random.normal(key(1), rows * inputs);
const map = random.normal(key(2), d * inputs);
const z = new Float32Array(rows * d);
for (let r = 0; r < rows; r++)
  for (let i = 0; i < d; i++)
    for (let j = 0; j < inputs; j++) z[r * d + i]! += map[i * inputs + j]! * x[r * inputs + j]!;
const head: Head = {
  weight: random.normal(key(3), classes * d),
  bias: new Float32Array(classes),
  activation: "identity",
};
const logits = headLogits(head, z);
const labels = Int32Array.from({ length: rows }, (_, r) => {
  const row = [...logits.subarray(r * classes, (r + 1) * classes)];
  return row.indexOf(Math.max(...row));
});
const vectors: ArrayDataset = {
  name: "vectors",
  task: "classification",
  inputs: x,
  inputShape: [inputs],
  labels,
  classes: ["a", "b", "c"],
};
const source = { name: "vectors" };
const split: Split = { train: vectors, validation: vectors, test: vectors, source };

describe("a linear teacher and linear students (specification, test 4)", () => {
  it.each([1, 2, 4])(
    "least squares is reached with %i students, and the copied head is as good as the teacher",
    async (n) => {
      const chunks = chunksOf(n, "contiguous", new Float32Array(d), key(0));
      const answers: Float32Array[] = [];
      for (let k = 0; k < n; k++) {
        const units = unitsOf(chunks, k);
        const width = units.length;
        const model = defineModel("linear", [inputs], (scope, v) => layers.linear(scope, v, width));
        const recipe = { epochs: 80, batchSize: 128, optimiser: "adamw", rate: 0.1, decay: 0, augment: [] } as const;
        const target = columnsOf(z, d, units);
        const trained = await learnt(split, {
          stage: "s",
          network: { model },
          inputs: vectors,
          target,
          width,
          recipe,
          seed: k,
        });
        const said = await answersOf({ model }, trained, vectors);
        const error = said.reduce((sum, v, i) => sum + (v - target[i]!) ** 2, 0) / said.length;
        expect(error).toBeLessThan(1e-6);
        answers.push(said);
      }
      const copied = headLogits(head, concatenated(answers, chunks));
      expect(accuracy({ logits: copied, classes }, labels)).toBeGreaterThan(0.995);
    },
  );
});

describe("phase 1", () => {
  const digits = drawnDigits({ train: 64, validation: 20, test: 20 });
  const network = { model: withOutputs(mlp({ inputShape: [1, 28, 28], classes: 4, hidden: [6] }), 4) };
  const recipe = { epochs: 2, batchSize: 16, optimiser: "adamw", rate: 1e-3, decay: 0, augment: [] } as const;
  const target = random.normal(key(9), 64 * 4);
  const lesson = { network, inputs: digits.train, target, width: 4, recipe };

  it("a student learns the same whoever else is in the class (specification, test 5)", async () => {
    const alone = await learnt(digits, { ...lesson, stage: "student 2 of 2", seed: 2 });
    await learnt(digits, { ...lesson, stage: "student 1 of 2", seed: 1 });
    const inClass = await learnt(digits, { ...lesson, stage: "student 2 of 2", seed: 2 });
    expect(inClass.params).toEqual(alone.params);
  });

  it("never reads labels (specification, test 7)", async () => {
    const nonsense = { ...digits.train, labels: new Int32Array(64).fill(-7) };
    const without = await learnt(digits, { ...lesson, stage: "s", seed: 1, inputs: nonsense });
    expect(without.params).toEqual((await learnt(digits, { ...lesson, stage: "s", seed: 1 })).params);
  });

  it("fails when targets come in another order than the inputs: the classic silent bug is seen", async () => {
    const model = defineModel("linear", [inputs], (scope, v) => layers.linear(scope, v, d));
    const shifted = z.map((_, i) => z[(i + d) % z.length]!);
    const slow = { epochs: 20, batchSize: 128, optimiser: "adamw", rate: 0.1, decay: 0, augment: [] } as const;
    const lesson = { stage: "s", network: { model }, inputs: vectors, width: d, recipe: slow, seed: 1 };
    const r2 = async (target: Float32Array) =>
      rSquared(await answersOf({ model }, await learnt(split, { ...lesson, target }), vectors), z, d);
    expect(await r2(z)).toBeGreaterThan(0.95);
    expect(await r2(shifted)).toBeLessThan(0.1);
  });

  it("the loss has the gradient 2(s - z)/(B·width)", async () => {
    const [s, t] = [random.normal(key(1), 12), random.normal(key(2), 12)];
    const said = constant(host(s, [3, 4]));
    const { loss } = meanSquaredError()(
      { logits: said, taps: new Map() },
      teacherTargets({ logits: constant(host(t, [3, 4])), taps: new Map() }),
      { labels: constant(host(Int32Array.of(-1, -1, -1))) },
    );
    const got = await evaluate({ loss, gradient: grad(loss, [said])[0]! });
    const gradient = [...(got.gradient.data as Float32Array)];
    gradient.forEach((g, i) => {
      expect(g).toBeCloseTo((2 * (s[i]! - t[i]!)) / 12, 6);
    });
  });
});
